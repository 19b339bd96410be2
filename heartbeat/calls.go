package heartbeat

// proceed makes the calls that are due: the beat, which never waits for
// anything, and one other.
func (m *machine) proceed() {
	if m.beats() && m.beating == 0 && m.now >= m.nextBeat {
		m.nextBeat = m.now + m.timing.Interval
		m.call(call{kind: callBeat, id: m.id, status: m.status()})
	}
	if m.phase == leaving && m.releaseBy > 0 && m.now >= m.releaseBy {
		m.abandon()
		return
	}
	if m.busy.seq != 0 || m.now < m.nextCall {
		return
	}
	switch m.phase {
	case joining:
		m.register()
	case member:
		m.nextOfMember()
	case retiring, leaving:
		m.nextOfParting()
	}
}

func (m *machine) nextOfMember() {
	switch {
	case m.duty.due:
		m.call(*m.endOfDuty())
	case m.then != nil:
		m.makeThen()
	case m.stale || m.now >= m.nextView:
		m.stale = false
		m.call(call{kind: callView})
	case m.unclosed != nil:
		m.call(*m.unclosed)
	case len(m.orphans) > 0:
		c := m.orphans[0]
		m.orphans = m.orphans[1:]
		m.call(c)
	case m.work.term.Number > 0 && m.now >= m.nextSweep:
		m.nextSweep = m.now + m.sweepEvery()
		m.call(call{kind: callSilent, timeout: m.hintTimeout(), time: m.clock, within: m.lately()})
	}
}

// makeThen makes the call that a decision asked for, if it still may.
func (m *machine) makeThen() {
	c := *m.then
	m.then = nil
	switch able := m.now < m.lease-m.timing.StopGrace; {
	case c.kind == callBeginTerm && !able, c.kind == callDeleteOrphan && c.number > 0 && !able:
		return
	case c.kind == callBeginTerm:
		m.duty.number = c.term.Number // from here on it may be mine
	}
	m.call(c)
}

// answered takes the answer to a call, unless nobody waits for it any more.
func (m *machine) answered(a answer) {
	if a.call.kind == callBeat {
		m.beaten(a)
		return
	}
	if a.call.seq != m.busy.seq {
		return
	}
	m.busy = call{}
	switch a.call.kind {
	case callRegister:
		m.registered(a)
	case callView:
		m.viewed(a)
	case callCandidate:
		m.seniorFound(a)
	case callDeleteOrphan:
		m.orphanDeleted(a)
	case callBeginTerm:
		m.begun(a)
	case callEndTerm:
		m.ended(a)
	case callSilent:
		m.sweep(a)
	case callUnregister:
		m.unregistered(a)
	}
}

// later puts the next call of the lane off, after one has failed.
func (m *machine) later(a answer) {
	m.failed(a.call, a.err)
	m.nextCall = max(a.call.sent+m.timing.Interval, m.now+m.timing.Interval/4)
}
