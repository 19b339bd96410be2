package heartbeat

import "time"

// proceed sends the requests that are due: the beat, which never waits for anything,
// one that the election waits for, and one in the background.
func (m *machine) proceed() {
	if m.beats() && m.registration.beatDue(m.now) {
		m.send(request{kind: kindBeat, id: m.registration.id, status: m.status()})
	}
	if m.phase == leaving && m.departure.expired(m.now) {
		m.abandon()
		return
	}
	if m.schedule.election.free(m.now) {
		switch m.phase {
		case joining:
			m.register()
		case member:
			m.proceedAsMember()
		case retiring, leaving:
			m.release()
		}
	}
	if m.schedule.background.free(m.now) {
		switch m.phase {
		case member:
			m.cleanUp()
		case leaving:
			r := m.lastHint()
			if r == nil {
				r = m.backlog.last()
			}
			if r != nil {
				m.send(*r)
			}
		}
	}
}

// proceedAsMember ends a term first, then does what a view has called for, and reads
// the group last.
func (m *machine) proceedAsMember() {
	switch {
	case m.tenure.held.due:
		m.send(m.endHeld())
	case m.schedule.election.wanted != nil:
		m.takeOver(*m.schedule.election.take())
	case m.schedule.reading.due(m.now, m.timing):
		m.send(request{kind: kindView, id: m.registration.id})
	}
}

// cleanUp sends the hint that was asked for, or lets the backlog take its turns.
func (m *machine) cleanUp() {
	if !m.schedule.cleanable(m.now, m.timing) {
		return
	}
	r := m.schedule.background.take()
	if r == nil {
		r = m.hint()
	}
	if r == nil {
		r = m.searchPlace()
	}
	if r == nil {
		r = m.backlog.next(m.search)
	}
	if r != nil {
		m.schedule.cleaned(m.now, m.timing)
		m.send(*r)
	}
}

// send sends a request to the registry.
func (m *machine) send(r request) {
	r = m.schedule.send(r, m.now, m.timing.CallTimeout())
	if r.kind == kindBeat {
		m.registration.beatSent(r.seq, m.now, m.timing.Interval)
	}
	m.act(r)
}

// answered takes the answer to a request, unless nothing waits for it any more.
func (m *machine) answered(a answer) {
	if a.request.kind == kindBeat {
		m.beaten(a)
		return
	}
	if !m.schedule.answered(a.request) {
		return
	}
	if a.request.kind != kindUnregister && !a.request.past { // these are logged in other words, or not at all
		err := a.err
		if err == nil {
			err = a.view.Damage
		}
		m.report(a.request.kind, err)
	}
	if a.delaysNext() {
		m.delay(a.request)
	}
	switch a.request.kind {
	case kindRegister:
		m.registered(a)
	case kindView:
		m.viewed(a)
		m.seekPlace(a)
	case kindCandidate:
		m.candidateFound(a)
	case kindMark:
		m.hinted(a)
	case kindClaimant:
		m.claimantFound(a)
	case kindDeleteOrphan:
		m.orphanDeleted(a)
	case kindBeginTerm:
		m.begun(a)
	case kindEndTerm:
		m.ended(a)
	case kindSilent:
		m.sweep(a)
	case kindUnregister:
		m.unregistered(a)
	}
}

// delay delays the next request of a slot, after one has failed.
func (m *machine) delay(failed request) {
	slot := m.schedule.slotOf(failed)
	if m.phase == leaving { // somebody waits
		slot.delay(m.now + budgetSpan(m.timing)/4)
		return
	}
	slot.delay(max(failed.sent+m.timing.Interval, m.now+m.timing.Interval/4))
}

// pause delays the next request of the election after a try that changed nothing, so that
// the machine does not spin on an old view. The pause grows with the time for which tries
// have changed nothing.
func (m *machine) pause(vain time.Duration) {
	m.schedule.election.delay(m.now + min(max(vain, m.timing.Interval/4), m.timing.Slack()))
}
