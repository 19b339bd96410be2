package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// settings is what a machine is told when it is made and never changes.
type settings struct {
	self        registry.Instance // Group, Host, PID, Version, Priority, Command
	timing      registry.Timing
	guarded     bool          // a guard outside this process ends the work
	standby     bool          // there is a passive side, which has to return before the work starts
	joinTimeout time.Duration // for the first registration; 0: none
	newID       func() uuid.UUID
}

// phase is where a machine is in the life of its registration.
type phase string

const (
	joining  phase = "joining"  // wants a registration
	member   phase = "member"   // has one, and beats
	retiring phase = "retiring" // never beats under this UUID again, and joins anew after that
	leaving  phase = "leaving"  // ends its registration, and will not join again
	finished phase = "finished" // takes no event any more
)

// machine is the protocol: events in, actions out. It does no I/O, starts no
// goroutine, reads no clock and draws no random number, so the same events at the same
// instants give the same actions.
//
// What it knows is in its parts. Each part is written by its own methods alone and can
// be read alone; the machine's methods pass between them what an event means.
type machine struct {
	settings
	now     time.Duration // the local instant of the present event
	actions []action      // that follow from the present event
	phase   phase

	registration registration
	schedule     schedule
	backlog      backlog
	observations observations
	vacancy      vacancy
	tenure       tenure
	departure    departure
	outage       outage
	announced    announced
}

func newMachine(s settings, now time.Duration) *machine {
	return &machine{
		settings: s, now: now, phase: joining,
		registration: newRegistration(now, s.joinTimeout), observations: newObservations(),
	}
}

// step takes one event at a local instant. It returns what to do about it, in a slice
// that is good until the next step. What the passing of time alone has changed comes
// first: an answer that arrives after the lease has ended finds it ended.
func (m *machine) step(now time.Duration, e event) []action {
	m.actions = m.actions[:0]
	away := now-m.now > 2*m.timing.Interval
	m.now = max(m.now, now)
	if m.phase == finished {
		return nil
	}
	if away {
		m.observations.afterGap(m.now)
	}
	if e, gone := e.(workGone); gone {
		m.workGone(e) // first: nothing is left to be stopped
	}
	m.pass()
	if m.phase == finished {
		return m.actions
	}
	switch e := e.(type) {
	case answer:
		m.answered(e)
	case woken:
		m.schedule.reading.changed()
	case watching:
		m.schedule.reading.watched(e.up)
	case stoodDown:
		m.stoodDown(e)
	case leave:
		m.hurry()
	}
	m.proceed()
	return m.actions
}

func (m *machine) act(a action) { m.actions = append(m.actions, a) }

// enter is the only way from one phase to the next.
func (m *machine) enter(p phase) { m.phase = p }

// finish ends the machine with what Run returns.
func (m *machine) finish(err error) {
	m.enter(finished)
	m.act(finish{err})
}

// deadline returns the next local instant at which the machine wants a tick.
func (m *machine) deadline() time.Duration {
	next := m.now + m.timing.Interval
	at := func(t time.Duration, when bool) {
		if when && t > m.now { // what is due by now was done, or waits for an answer
			next = min(next, t)
		}
	}
	r, s, t := &m.registration, &m.schedule, &m.tenure
	at(r.nextBeat, m.beats() && r.beating == 0)
	at(r.lease-m.timing.StopGrace, t.held.number > 0)
	at(r.lease, t.work.running)
	at(m.killed(), t.work.running && t.work.stopping)
	at(m.departure.releaseBy, true)
	at(s.election.next, s.election.busy.seq == 0)
	at(s.background.next, s.background.busy.seq == 0)
	if m.phase == member && s.election.busy.seq == 0 {
		at(s.reading.next, true)
		at(s.reading.allowed(m.timing), true)
	}
	at(s.cleaning.next(budgetSpan(m.timing), backgroundPerSpan), m.phase == member && s.background.busy.seq == 0)
	at(r.acked+m.timing.OrphanAfter, m.phase == member)
	return next
}

// pass does what follows from the passing of time alone.
func (m *machine) pass() {
	r, t := &m.registration, &m.tenure
	if t.work.running && r.lapsed(m.now) && m.phase == member {
		// Only a process that was away finds its lease ended before it was told to
		// stop. Whatever ends the work with the lease has killed it by now.
		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, true)
	}
	if m.phase == member && t.held.number > 0 && !t.held.due && !r.mayAct(m.now, m.timing.StopGrace) {
		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, false)
	}
	if m.phase == member && r.unacknowledged(m.now, m.timing.OrphanAfter) {
		// Peers may have deleted this registration, and whoever reads an old copy of
		// the registry may still believe in it.
		m.retire("", registry.LeaseLost, ErrLeaseLost, true)
	}
	if m.phase == member && t.held.due && (r.lapsed(m.now) || t.overdue(m.now, m.timing.OrphanAfter)) {
		m.retire("", t.held.end.Reason, nil, false)
	}
	if t.work.running && t.work.stopping && r.lapsed(m.now) && t.work.killAt > m.now {
		m.stop(ErrLeaseLost, true)
	}
	m.giveUp()
}

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
			if r := m.backlog.last(); r != nil {
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
		m.send(m.tenure.end(m.registration.id))
	case m.schedule.election.wanted != nil:
		m.takeOver(*m.schedule.election.take())
	case m.schedule.reading.due(m.now, m.timing):
		m.send(request{kind: kindView})
	}
}

// cleanUp sends the hint that was asked for, or lets the backlog take its turns.
func (m *machine) cleanUp() {
	if !m.schedule.cleanable(m.now, m.timing) {
		return
	}
	r := m.schedule.background.take()
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
	if a.request.kind != kindUnregister && !a.request.past { // these are told in other words, or not at all
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
	case kindCandidate:
		m.seniorFound(a)
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

// pause delays the next request of the election after a try in vain, for longer the longer
// tries have been in vain, so that the machine does not spin on an old view.
func (m *machine) pause(vain time.Duration) {
	m.schedule.election.delay(m.now + min(max(vain, m.timing.Interval/4), m.timing.Slack()))
}
