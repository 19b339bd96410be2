package heartbeat

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

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

func (m *machine) registered(a answer) {
	if a.err != nil {
		// It may be applied yet: the next attempt takes another UUID.
		m.later(a)
		if m.phase == leaving {
			m.phase = finished
			m.act(finish{m.parting})
		}
		return
	}
	m.reached(a.call)
	m.id, m.joinBy = a.call.id, 0
	if m.joined.IsZero() {
		m.joined = a.at
	}
	m.renew(a)
	if m.phase == leaving {
		return
	}
	m.phase, m.stale = member, true
	m.nextBeat = a.call.sent + m.timing.Interval
	m.act(note{fact: factRegistered, holder: m.id})
}

// beaten takes the answer to a beat. Which registration it was about decides,
// not which beat: a late acknowledgement is as good as the instant it was sent.
func (m *machine) beaten(a answer) {
	if a.call.seq == m.beating {
		m.beating = 0
	}
	if a.call.id != m.id {
		return
	}
	switch {
	case a.err == nil:
		m.reached(a.call)
		if m.beats() {
			m.renew(a)
		}
	case errors.Is(a.err, registry.ErrNotRegistered):
		switch m.phase {
		case member:
			m.retire(factDeleted, registry.Unregistered, ErrTermOver, true)
		case leaving:
			m.stop(ErrTermOver, true)
		}
	default:
		m.failed(a.call, a.err)
	}
}

// renew extends the lease, counted from the instant that the beat was sent.
func (m *machine) renew(a answer) {
	m.clock = a.at
	if until := a.call.sent + m.timing.Lease(); until > m.lease {
		m.lease = until
		m.act(extend{until})
	}
}

func (m *machine) viewed(a answer) {
	if m.phase != member {
		return
	}
	m.nextView = a.call.sent + m.timing.Interval
	if a.err != nil {
		unreadable := errors.Is(a.err, registry.ErrCorrupt) || errors.Is(a.err, registry.ErrSchema) || errors.Is(a.err, registry.ErrTermExhausted)
		if !unreadable {
			m.later(a)
		} else if !m.known.badView {
			m.known.badView = true
			m.act(note{fact: factBadView, err: a.err})
		}
		return
	}
	m.reached(a.call)
	m.known.badView = false
	beats := m.look(a.view)
	d := decide(m.position(), a.view, m.now)
	m.follow(d, a.view)
	if m.watching && beats && !m.vacancy.found {
		m.nextView = a.call.sent + m.holder.promise.Slack()
	}
	at := m.holder.orphanAt()
	if m.vacancy.found {
		at = m.competeAt()
	}
	if at > m.now {
		m.nextView = min(m.nextView, at)
	}
}

// look notes what a view shows and reports whether the holder beats.
func (m *machine) look(v registry.View) (beats bool) {
	var number int64
	if v.Latest != nil {
		number = v.Latest.Number
	}
	if number < m.highest { // the past: nothing to learn from
		if m.past == 0 {
			m.past = m.now
		}
		return false
	}
	m.highest, m.past = number, 0
	vacant := v.Latest == nil || !v.Latest.Open()
	if t := v.Latest; t != nil {
		beats = m.lookAt(*t, v.Holder)
		vacant = vacant || t.Holder != m.id && (v.Holder == nil && m.now >= m.holder.orphanAt() || t.Holder == m.deposed)
		if t.Holder != m.id && t.Number > m.resigned {
			m.holdOff = 0 // another holds a newer term
		}
		if t.Number >= m.duty.number && t.Holder != m.id && !m.duty.due && m.work.term.Number == 0 {
			m.duty.number = 0 // what I tried to begin is another's
		}
	}
	switch {
	case !vacant:
		m.vacancy = vacancy{}
	case !m.vacancy.found || m.vacancy.after != number:
		m.vacancy = vacancy{after: number, since: m.now, found: true, term: v.Latest}
	}
	return beats
}

// lookAt notes the holder of the latest term and tells people about it.
func (m *machine) lookAt(t registry.Term, holder *registry.Instance) (beats bool) {
	before := m.holder
	if holder != nil {
		m.holder = sight(before, *holder, m.clock, m.timing, m.now)
	} else {
		m.holder = sightMissing(before, t, m.timing, m.now)
	}
	if !t.Open() || t.Holder == m.id {
		return m.holder != before
	}
	m.sawOpen = t
	if m.known.standingBy != t.Number {
		m.known.standingBy, m.known.silent, m.known.vacant = t.Number, false, false
		m.act(note{fact: factStandingBy, term: t.Number, holder: t.Holder, host: t.Host})
	}
	if holder != nil && holder.Command != m.self.Command && m.known.command != holder.ID {
		m.known.command = holder.ID
		m.act(note{fact: factOtherCommand, term: t.Number, holder: t.Holder, host: t.Host})
	}
	silence := m.now - m.holder.since
	switch {
	case m.holder != before && m.known.silent && holder != nil:
		m.known.silent = false
		m.act(note{fact: factBeatsAgain, term: t.Number, holder: t.Holder, host: t.Host})
	case !m.known.silent && silence >= m.holder.promise.OrphanAfter/5:
		m.known.silent = true
		m.act(note{fact: factSilent, term: t.Number, holder: t.Holder, host: t.Host,
			lasts: silence, in: max(0, m.holder.orphanAt()-m.now)})
	}
	return m.holder != before
}

func (m *machine) position() position {
	return position{
		id: m.id, timing: m.timing, lease: m.lease, clock: m.clock,
		term: m.work.term.Number, resigned: m.resigned, sawOpen: m.sawOpen.Number, highest: m.highest, joined: m.joined,
		past: m.past, holdingOff: m.now < m.holdOff, deposed: m.deposed,
		orphanAt: m.holder.orphanAt(), competeAt: m.competeAt(), asked: m.vacancy.asked,
	}
}

// competeAt spreads those who are not senior over one interval, after leaving
// one to the senior.
func (m *machine) competeAt() time.Duration {
	var tail uint32
	for _, b := range m.id[12:] {
		tail = tail<<8 | uint32(b)
	}
	i := m.timing.Interval
	return m.vacancy.since + i + time.Duration(float64(i)*float64(tail)/(1<<32))
}

// follow acts on a decision.
func (m *machine) follow(d decision, v registry.View) {
	switch d.verdict {
	case ask:
		m.tellVacant(v)
		m.then = m.lookForSenior(v)
	case promote:
		m.tellVacant(v)
		m.promote(v.Latest)
	case depose:
		m.duty.after = v.Latest
		m.then = &call{kind: callDeleteOrphan, id: v.Holder.ID, beat: v.Holder.Beat, number: v.Latest.Number}
	case start:
		m.begin(*v.Latest)
	case stepDown:
		if !m.work.told {
			m.act(note{fact: factHandover, term: m.work.term.Number})
			m.resign(registry.HandedOver, ErrHandedOver)
		}
	case reEnd:
		if !m.duty.due {
			m.duty = duty{number: v.Latest.Number, due: true, since: m.now, end: registry.End{Reason: registry.Stopped}}
		}
	case kill:
		if d.fact == factTermsLost { // believe it, but under a UUID that holds nothing
			m.highest, m.past, m.resigned, m.sawOpen = 0, 0, 0, registry.Term{}
		}
		m.retire(d.fact, registry.Orphaned, ErrTermOver, true)
	case quit:
		m.act(note{fact: factPeerDone, term: v.Latest.Number, holder: v.Latest.Holder, host: v.Latest.Host})
		m.leave(&WorkDoneError{Term: v.Latest.Number, Holder: v.Latest.Holder, ExitCode: v.Latest.End.ExitCode})
	}
}

func (m *machine) tellVacant(v registry.View) {
	if m.known.vacant {
		return
	}
	m.known.vacant = true
	if t := v.Latest; t != nil {
		m.act(note{fact: factVacant, term: t.Number, holder: t.Holder, host: t.Host})
	}
}

// promote asks for the next term. Whatever the answer, the next view decides.
func (m *machine) promote(latest *registry.Term) {
	next := registry.Term{
		Group: m.self.Group, Number: 1, Holder: m.id, Host: m.self.Host,
		OrphanAfter: m.timing.OrphanAfter, Schema: registry.Schema,
	}
	m.duty.after = nil
	if t := latest; t != nil {
		if t.Number >= registry.MaxTerm {
			if !m.known.exhausted {
				m.known.exhausted = true
				m.act(note{fact: factExhausted, term: t.Number})
			}
			return
		}
		next.Number = t.Number + 1
		if t.Open() {
			m.duty.after = t
		}
	}
	m.then = &call{kind: callBeginTerm, term: &next}
}

// begin starts the work of a term that a view has shown to be mine.
func (m *machine) begin(t registry.Term) {
	m.work = workState{term: t, running: true}
	m.duty.number, m.duty.due, m.duty.end = t.Number, false, registry.End{}
	m.vacancy, m.known = vacancy{}, known{command: m.known.command, failing: m.known.failing}
	m.unclosed, m.duty.after = m.duty.after, nil
	m.act(startWork{t})
	m.act(note{fact: factActive, term: t.Number})
	m.nextSweep = m.now + m.sweepEvery()
}

// lookForSenior asks who should take over from the holder of v's latest term.
func (m *machine) lookForSenior(v registry.View) *call {
	c := &call{kind: callCandidate, time: m.clock.Add(-3 * m.timing.Interval)}
	if v.Latest != nil {
		c.except = []uuid.UUID{v.Latest.Holder}
	}
	return c
}

// lookForPeer asks whether anyone is there to try what fails here.
func (m *machine) lookForPeer() *call {
	return &call{kind: callCandidate, time: m.clock.Add(-3 * m.timing.Interval), except: []uuid.UUID{m.id}}
}

func (m *machine) seniorFound(a answer) {
	if m.phase != member {
		return
	}
	if a.err != nil && !errors.Is(a.err, registry.ErrNoCandidate) {
		m.failed(a.call, a.err)
	}
	if m.work.retry {
		m.peerFound(a)
		return
	}
	m.vacancy.asked = m.vacancy.found
	if a.err == nil && a.senior == m.id && m.vacancy.found {
		m.promote(m.vacancy.term)
	}
}

// peerFound hands failing work to the peer, or tries it again for want of one.
func (m *machine) peerFound(a answer) {
	m.work.retry = false
	if a.err == nil {
		m.resign(registry.WorkFailed, nil)
		m.act(note{fact: factPassive, term: m.duty.number})
		return
	}
	if !m.known.nobodyElse {
		m.known.nobodyElse = true
		m.act(note{fact: factNobodyElse, term: m.work.term.Number})
	}
	m.work.running = true
	m.act(startWork{m.work.term})
}

func (m *machine) orphanDeleted(a answer) {
	if a.err != nil {
		m.later(a)
		m.orphans = nil
		return
	}
	if a.call.number == 0 {
		if a.deleted {
			m.act(note{fact: factSwept, holder: a.call.id})
		}
		return
	}
	if m.phase != member {
		return
	}
	m.stale = true
	if !a.deleted || m.duty.after == nil { // it beats again, or a peer was faster
		m.nextCall = m.now + m.timing.Interval/4
		return
	}
	m.act(note{fact: factDeposed, term: a.call.number, holder: a.call.id, host: m.duty.after.Host, lasts: m.now - m.holder.since})
	m.deposed = a.call.id
	m.promote(m.duty.after)
}

func (m *machine) begun(a answer) {
	m.stale = true
	switch {
	case errors.Is(a.err, registry.ErrTermTaken):
		m.nextCall = m.now + m.timing.Interval/4 // a view of the past is not to spin
	case a.err != nil:
		m.later(a)
	}
}

func (m *machine) ended(a answer) {
	own := a.call.id == m.id
	switch {
	case a.err != nil:
		m.later(a)
		if own && m.phase == retiring && m.now >= m.duty.since+m.timing.OrphanAfter {
			m.duty = duty{} // peers depose this registration, or have
		}
		if !own && m.phase != member {
			m.unclosed = nil // it is but history
		}
	case own && a.call.number == m.duty.number:
		m.reached(a.call)
		m.duty = duty{}
		m.stale = true
	default:
		m.reached(a.call)
		m.unclosed = nil
	}
}

// unregistered comes last under a UUID.
func (m *machine) unregistered(a answer) {
	if m.phase == leaving {
		m.phase = finished
		if a.err == nil {
			m.act(note{fact: factLeft})
		} else {
			m.act(note{fact: factUnregistered, err: a.err})
		}
		m.act(finish{m.parting})
		return
	}
	m.join()
}
