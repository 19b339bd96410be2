package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// settings is what a machine gets when it is made. It never changes.
type settings struct {
	self        registry.Instance // Group, Host, PID, Version, Priority, Command
	timing      registry.Timing
	guarded     bool          // a guard outside this process ends the work
	standby     bool          // there is a passive side, which has to return before the work starts
	drainable   bool          // the work may be drained before an orderly end
	joinTimeout time.Duration // for the first registration; 0: none
	newID       func() uuid.UUID
}

// phase is where a machine is in the life of its registration.
type phase string

const (
	joining  phase = "joining"  // wants a registration
	member   phase = "member"   // has one, and beats
	retiring phase = "retiring" // never beats under this UUID again, and joins under a new one after that
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
	successor    successor
	place        place
	bell         bell
	tenure       tenure
	drain        drain
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
		m.returned()
	}
	if e, gone := e.(workGone); gone {
		m.workGone(e) // first: nothing is left to be stopped
	}
	m.passTime()
	if m.phase == finished {
		return m.actions
	}
	switch e := e.(type) {
	case answer:
		m.answered(e)
	case woken:
		m.wake(e)
	case watching:
		m.watchChanged(e)
	case stoodDown:
		m.stoodDown(e)
	case drained:
		m.drained(e)
	case leave:
		m.leaveOnOrder(e.immediate)
	}
	m.listen()
	m.proceed()
	return m.actions
}

// returned allows for the time that this instance was away. What views have shown before
// means nothing for a takeover any more: a term may have begun since, and may have been lost.
func (m *machine) returned() {
	m.observations.afterGap(m.now)
	m.callOff()
	m.schedule.reading.restart(m.now)
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
	at(m.successor.next, m.hints() && s.background.busy.seq == 0)
	at(s.cleaning.next(budgetSpan(m.timing), backgroundPerSpan), m.phase == member && s.background.busy.seq == 0)
	at(r.acked+m.timing.OrphanAfter, m.phase == member)
	return next
}

// passTime does what follows from the passing of time alone.
func (m *machine) passTime() {
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
	m.abortIfStuck()
}
