package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// settings is what a machine is told at its making and never changes.
type settings struct {
	self        registry.Instance // Group, Host, PID, Version, Priority, Command
	timing      registry.Timing
	guarded     bool          // a guard outside this process ends the work
	standby     bool          // there is a passive side, which has to return before the work starts
	joinTimeout time.Duration // for the first registration; 0: none
	newID       func() uuid.UUID
}

// phase is what a machine is about.
type phase string

const (
	joining  phase = "joining"  // wants a registration
	member   phase = "member"   // has one, beats
	retiring phase = "retiring" // never beats under this UUID again, will join anew
	leaving  phase = "leaving"  // will be gone
	finished phase = "finished"
)

// machine is the protocol: events in, actions out. It does no I/O, starts no
// goroutine, reads no clock and draws no random number; the same events at the
// same instants give the same actions.
type machine struct {
	settings
	now, last time.Duration
	actions   []action
	seq       int64

	phase phase
	id    uuid.UUID

	// The lease: the latest end over all acknowledged beats, and the registry's
	// time at the latest of them.
	lease    time.Duration
	heard    time.Duration // when the latest acknowledged beat was sent
	clock    time.Time
	clockAt  time.Duration // when that beat was sent
	beating  int64         // the beat that is under way
	nextBeat time.Duration
	spent    bool // the lease was given up: never beat under this UUID again

	lane    lane // what the election waits for
	aside   lane // hints and history, which nothing waits for
	asides  budget
	turn    int // of those that go aside
	lastErr error

	nextView time.Duration
	views    budget
	stale    bool // view again: something changed
	watching bool

	// What was observed of others; it outlives a registration.
	holder   sighting
	passives map[uuid.UUID]sighting
	highest  int64
	seen     int64
	past     time.Duration
	sawOpen  int64
	claimant sighting
	deposed  sighting // the holder that I deleted as an orphan
	unclosed *call    // the end of a term that is not of this registration
	former   []call   // registrations that could not be ended when they were given up
	vacancy  vacancy

	work   workState
	duty   duty
	judged request // the latest request to hand over

	off        holdOff
	resigned   int64
	resignedAt time.Duration
	nextSweep  time.Duration
	orphans    []call // to be deleted; none of them holds the latest term
	joinBy     time.Duration
	releaseBy  time.Duration
	hurried    bool      // somebody waits for this process to go
	parting    error     // what Run will return
	parted     bool      // unregistered, or tried to
	joined     time.Time // the registry's time at the first registration

	known known
}

func newMachine(s settings, now time.Duration) *machine {
	m := &machine{
		settings: s, now: now, last: now, phase: joining,
		passives: map[uuid.UUID]sighting{}, highest: unseen, seen: unseen,
	}
	if s.joinTimeout > 0 {
		m.joinBy = now + s.joinTimeout
	}
	return m
}

// step takes one event at a local instant and returns what to do about it, in a
// slice that is good until the next step. What time alone has changed comes
// first: an answer that arrives after the lease has ended finds it ended.
func (m *machine) step(now time.Duration, e event) []action {
	m.actions = m.actions[:0]
	m.last, m.now = m.now, max(m.now, now)
	if m.phase == finished {
		return nil
	}
	if m.now-m.last > 2*m.timing.Interval {
		m.holder, m.claimant, m.past = m.holder.afterGap(m.now), m.claimant.afterGap(m.now), 0
		for id, s := range m.passives {
			m.passives[id] = s.afterGap(m.now)
		}
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
		m.stale = true
	case watching:
		m.watching, m.stale = e.up, true
	case stoodDown:
		m.stoodDown(e)
	case leave:
		m.hurry()
	}
	m.proceed()
	return m.actions
}

func (m *machine) act(a action) { m.actions = append(m.actions, a) }

func (m *machine) call(c call) {
	m.seq++
	c.seq, c.sent = m.seq, m.now
	if c.timeout == 0 {
		c.timeout = m.timing.CallTimeout()
	}
	if c.kind == callBeat {
		m.beating = c.seq
	} else {
		m.laneOf(c).busy = c
	}
	m.act(c)
}

// finish ends the machine with what Run returns.
func (m *machine) finish(err error) {
	m.phase = finished
	m.act(finish{err})
}

// deadline is the next local instant at which the machine wants a tick.
func (m *machine) deadline() time.Duration {
	next := m.now + m.timing.Interval
	at := func(t time.Duration, when bool) {
		if when && t > m.now { // what is due by now was done, or waits for an answer
			next = min(next, t)
		}
	}
	at(m.nextBeat, m.beats() && m.beating == 0)
	at(m.lease-m.timing.StopGrace, m.duty.number > 0)
	at(m.lease, m.work.running)
	at(m.killed(), m.work.running && m.work.stopping)
	at(m.releaseBy, true)
	at(m.lane.next, m.lane.busy.seq == 0)
	at(m.aside.next, m.aside.busy.seq == 0)
	if m.phase == member && m.lane.busy.seq == 0 {
		at(m.nextView, true)
		at(m.views.next(budgetSpan(m.timing), viewsPerSpan), true)
	}
	at(m.asides.next(budgetSpan(m.timing), asidePerSpan), m.phase == member && m.aside.busy.seq == 0)
	at(m.heard+m.timing.OrphanAfter, m.phase == member)
	return next
}

// pass is what happens by the passing of time alone.
func (m *machine) pass() {
	if m.work.running && m.now >= m.lease && m.phase == member {
		// Only a process that was away finds its lease ended before it was told
		// to stop; whoever guards the work has killed it by now.
		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, true)
	}
	if m.phase == member && m.duty.number > 0 && !m.duty.due && m.now >= m.lease-m.timing.StopGrace {
		m.retire(factLeaseLost, registry.LeaseLost, ErrLeaseLost, false)
	}
	if m.phase == member && m.now >= m.heard+m.timing.OrphanAfter {
		// Peers may have deleted this registration, and whoever reads a copy of
		// the registry from before may still believe in it.
		m.retire("", registry.LeaseLost, ErrLeaseLost, true)
	}
	if m.phase == member && m.duty.due && (m.now >= m.lease || m.now >= m.duty.since+m.timing.OrphanAfter) {
		m.retire("", m.duty.end.Reason, nil, false)
	}
	if m.work.running && m.work.stopping && m.now >= m.lease && m.work.killAt > m.now {
		m.stop(ErrLeaseLost, true)
	}
	m.giveUp()
}
