package heartbeat

import (
	"cmp"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Bounds of calls per budgetSpan, whatever asks for them: a flood of terms, a
// registry that shows what it does not take, or a thousand orphans at once.
const (
	viewsPerSpan = 10
	asidePerSpan = 100
)

// budgetSpan is an interval, but no more than a second: several changes that come
// together are no flood where beats are rare.
func budgetSpan(t registry.Timing) time.Duration { return min(t.Interval, time.Second) }

// proceed makes the calls that are due: the beat, which never waits for
// anything, one of the election, and one aside.
func (m *machine) proceed() {
	if m.beats() && m.beating == 0 && m.now >= m.nextBeat {
		m.nextBeat = m.now + m.timing.Interval
		m.call(call{kind: callBeat, id: m.id, status: m.status()})
	}
	if m.phase == leaving && m.releaseBy > 0 && m.now >= m.releaseBy {
		m.abandon()
		return
	}
	if m.lane.free(m.now) {
		switch m.phase {
		case joining:
			m.register()
		case member:
			m.nextOfMember()
		case retiring, leaving:
			m.nextOfParting()
		}
	}
	if m.aside.free(m.now) {
		switch {
		case m.phase == member:
			m.nextAside()
		case m.phase == leaving && m.unclosed != nil:
			m.call(*m.unclosed)
		case m.phase == leaving && len(m.former) > 0:
			m.call(m.former[0])
		}
	}
}

func (m *machine) nextOfMember() {
	switch {
	case m.duty.due:
		m.call(m.endOfDuty())
	case m.lane.then != nil:
		m.makeThen()
	case m.stale || m.now >= m.nextView:
		if m.views.spend(m.now, budgetSpan(m.timing), viewsPerSpan) {
			m.stale = false
			m.call(call{kind: callView})
		}
	}
}

// nextAside makes the hint that was asked for, or lets history, former registrations,
// orphans and the search for them take turns: one that always fails keeps none of the
// others from its turn.
func (m *machine) nextAside() {
	if m.now < m.asides.next(budgetSpan(m.timing), asidePerSpan) {
		return
	}
	c := m.aside.take()
	for range len(asides) {
		if c != nil {
			break
		}
		c = asides[m.turn](m)
		m.turn = (m.turn + 1) % len(asides)
	}
	if c == nil {
		return
	}
	m.asides.spend(m.now, budgetSpan(m.timing), asidePerSpan)
	m.call(*c)
}

// asides are the calls that take turns; nil: there is none to be made.
var asides = [...]func(m *machine) *call{
	func(m *machine) *call { return m.unclosed },
	func(m *machine) *call {
		if len(m.former) == 0 {
			return nil
		}
		return &m.former[0]
	},
	func(m *machine) *call {
		if len(m.orphans) == 0 {
			return nil
		}
		c := m.orphans[0]
		m.orphans = m.orphans[1:]
		return &c
	},
	func(m *machine) *call {
		if m.work.term.Number == 0 || m.now < m.nextSweep {
			return nil
		}
		m.nextSweep = m.now + m.sweepEvery()
		c := &call{kind: callSilent}
		c.time, c.within = m.lately()
		return c
	},
}

// makeThen makes the call that a decision asked for, if it still may.
func (m *machine) makeThen() {
	c := m.lane.take()
	able := m.now < m.lease-m.timing.StopGrace
	if !able && c.kind != callEndTerm {
		return
	}
	if c.kind == callBeginTerm {
		m.duty.number = c.term.Number // from here on it may be mine
	}
	m.call(*c)
}

// answered takes the answer to a call, unless nobody waits for it any more.
func (m *machine) answered(a answer) {
	if a.call.kind == callBeat {
		m.beaten(a)
		return
	}
	l := m.laneOf(a.call)
	if a.call.seq != l.busy.seq {
		return
	}
	l.drop()
	if a.call.kind != callUnregister && !a.call.past { // people are told of that by itself, or need not know
		m.outcome(a.call, cmp.Or(a.err, a.view.Damage))
	}
	switch a.call.kind {
	case callRegister:
		m.registered(a)
	case callView:
		m.viewed(a)
	case callCandidate:
		m.seniorFound(a)
	case callClaimant:
		m.claimantFound(a)
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

func (m *machine) laneOf(c call) *lane {
	if c.aside() {
		return &m.aside
	}
	return &m.lane
}

// later puts the next call of a lane off, after one has failed.
func (m *machine) later(c call) {
	l := m.laneOf(c)
	if m.phase == leaving { // somebody waits
		l.next = max(l.next, m.now+budgetSpan(m.timing)/4)
		return
	}
	l.next = max(l.next, c.sent+m.timing.Interval, m.now+m.timing.Interval/4)
}

// pause puts the next call of the election off, for a try that was in vain for
// some time already: a view of the past is not to spin.
func (m *machine) pause(vain time.Duration) {
	m.lane.next = max(m.lane.next, m.now+min(max(vain, m.timing.Interval/4), m.timing.Slack()))
}

// lately is the time of the registry around which everyone has beaten who is there:
// from three intervals before my own last beat, since nobody may have reached the
// registry in between, until three from now.
func (m *machine) lately() (at time.Time, within time.Duration) {
	since := (m.now - m.clockAt) / 2
	return m.clock.Add(since), since + 3*m.timing.Interval
}
