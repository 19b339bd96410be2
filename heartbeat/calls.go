package heartbeat

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

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

func (m *machine) status() registry.Status {
	s := registry.Status{Role: registry.Passive, Candidate: m.now >= m.holdOff}
	if m.work.term.Number > 0 {
		s.Role, s.Term = registry.Active, m.work.term.Number
	}
	return s
}

func (m *machine) register() {
	if m.joinBy > 0 && m.now >= m.joinBy {
		m.phase = finished
		m.act(finish{fmt.Errorf("%w for %v: %w", ErrUnreachable, m.joinTimeout, m.lastErr)})
		return
	}
	in := m.self
	in.ID, in.Schema = m.newID(), registry.Schema
	in.Interval, in.OrphanAfter = m.timing.Interval, m.timing.OrphanAfter
	in.Status = m.status()
	c := call{kind: callRegister, id: in.ID, in: &in}
	if m.joinBy > 0 {
		c.timeout = min(m.timing.CallTimeout(), m.joinBy-m.now)
	}
	m.call(c)
}

func (m *machine) nextOfMember() {
	switch {
	case m.duty.due:
		m.call(call{kind: callEndTerm, id: m.id, number: m.duty.number, end: m.duty.end})
	case m.then != nil:
		m.makeThen()
	case m.stale || m.now >= m.nextView:
		m.stale = false
		m.call(call{kind: callView})
	case m.unclosed != nil:
		m.closeTerm()
	case len(m.orphans) > 0:
		c := m.orphans[0]
		m.orphans = m.orphans[1:]
		m.call(c)
	case m.work.term.Number > 0 && m.now >= m.nextSweep:
		m.nextSweep = m.now + m.sweepEvery()
		m.call(call{kind: callSilent, time: m.clock.Add(-3 * m.timing.Interval)})
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

// nextOfParting ends what this registration may hold, once nothing works, and
// then the registration.
func (m *machine) nextOfParting() {
	switch {
	case m.work.running:
	case m.duty.number > 0:
		c := call{kind: callEndTerm, id: m.id, number: m.duty.number, end: m.duty.end}
		if m.phase == leaving {
			c.timeout = m.releaseBy - m.now
		}
		m.call(c)
	case m.unclosed != nil:
		m.closeTerm()
	case m.id == uuid.Nil && m.phase == leaving:
		m.phase = finished
		m.act(finish{m.parting})
	default:
		c := call{kind: callUnregister, id: m.id}
		if m.phase == leaving {
			c.timeout = m.releaseBy - m.now
		}
		m.call(c)
	}
}

// closeTerm ends the term of the one that I deposed.
func (m *machine) closeTerm() {
	m.call(call{kind: callEndTerm, id: m.unclosed.Holder, number: m.unclosed.Number,
		end: registry.End{Reason: registry.Orphaned}})
}

// abandon leaves what could not be released in time to the peers.
func (m *machine) abandon() {
	if m.duty.number > 0 || m.id != uuid.Nil {
		m.act(note{fact: factUnreleased, term: m.duty.number, in: m.timing.OrphanAfter, err: m.lastErr})
	}
	m.phase = finished
	m.act(finish{m.parting})
}

// sweepEvery is how often the active instance looks for orphans among the
// passive ones.
func (m *machine) sweepEvery() time.Duration { return max(3*m.timing.Interval, m.timing.Slack()) }

// sweep judges the silent ones, one deletion at a time.
func (m *machine) sweep(a answer) {
	if a.err != nil {
		m.failed(a.call, a.err)
		return
	}
	m.orphans = nil
	silent := make(map[uuid.UUID]sighting, len(a.silent))
	for _, in := range a.silent {
		if in.ID == m.id {
			continue
		}
		s := sight(m.passives[in.ID], in, m.clock, m.timing, m.now)
		silent[in.ID] = s
		if m.now >= s.orphanAt() {
			m.orphans = append(m.orphans, call{kind: callDeleteOrphan, id: in.ID, beat: in.Beat})
		}
	}
	m.passives = silent // whoever is not among them beats, or is gone
}
