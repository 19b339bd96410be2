package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Promoted is the reason of a [Change] to the active role.
const Promoted registry.Reason = "promoted"

// Change is a change of an instance's role. To active it is told before the work
// starts, to passive when the work is gone.
type Change struct {
	Instance uuid.UUID
	Role     registry.Role   // from now on; before, it was the other
	Term     int64           // that began, or is over
	Reason   registry.Reason // Promoted, or why the term is over
}

// State is what a member knows of itself, without asking the registry.
type State struct {
	Instance uuid.UUID // uuid.Nil while it is not registered
	Term     int64     // that it works in; 0 while passive
	// Lease is what is left of it: negative once it has ended, 0 without a
	// registration.
	Lease time.Duration
	// Ready says that the instance is registered, stays so, and that its last
	// beat is fresh enough to begin work on, or to go on with it.
	Ready bool
	// Leaving says that it is on its way out, or has left.
	Leaving bool
	// LastBeat is when the latest acknowledged beat was sent, by this machine's
	// clock for people; zero: there was none.
	LastBeat time.Time
	// Stuck says that the loop stands still: it has not turned for five intervals,
	// and five seconds at least. While Run runs it turns once per interval,
	// whatever the registry does.
	Stuck bool
}

// Role is Active in a term, else Passive.
func (s State) Role() registry.Role {
	if s.Term > 0 {
		return registry.Active
	}
	return registry.Passive
}

// turn is what the loop leaves behind each time it has turned.
type turn struct {
	at, lease, beat time.Duration // local instants
	id              uuid.UUID
	running         bool
	member, leaving bool // the phase
}

// State is the member's state now. It never waits.
func (m *Member) State() State {
	last, now := m.turn.Load(), m.now()
	s := State{Instance: last.id, Term: m.Term(), Leaving: last.leaving}
	s.Stuck = last.running && now-last.at >= max(5*time.Second, 5*m.config.Timing.Interval)
	if last.beat > 0 {
		s.LastBeat = time.Now().Add(last.beat - now)
	}
	if last.id != uuid.Nil {
		s.Lease = last.lease - now
		s.Ready = last.member && s.Lease > m.config.Timing.StopGrace
	}
	return s
}

// turned notes that the loop has turned, and tells who wants to know of a role
// that changed with it.
func (s *shell) turned(e event) {
	m := s.machine
	t := turn{
		at: m.now, lease: m.lease, beat: s.turn.Load().beat, id: m.id, running: true,
		member: m.phase == member, leaving: m.phase == leaving || m.phase == finished,
	}
	if a, ok := e.(answer); ok {
		s.answered(a, &t)
	}
	s.turn.Store(&t)
	if s.told > 0 && m.work.term.Number != s.told {
		s.tellRole(Change{Instance: m.id, Role: registry.Passive, Term: s.told, Reason: m.duty.end.Reason})
	}
}

// tellRole tells of a change of role, once.
func (s *shell) tellRole(c Change) {
	told := int64(0)
	if c.Role == registry.Active {
		told = c.Term
	}
	if told == s.told {
		return
	}
	s.told = told
	if s.config.OnRole != nil {
		s.config.OnRole(c)
	}
}

func (s *shell) answered(a answer, t *turn) {
	switch a.call.kind {
	case callRegister, callBeat:
		if a.err == nil {
			t.beat = max(t.beat, a.call.sent)
		}
		if s.config.OnBeat != nil {
			s.config.OnBeat(s.machine.now-a.call.sent, a.err)
		}
	case callDeleteOrphan:
		if a.deleted && s.config.OnOrphan != nil {
			s.config.OnOrphan()
		}
	}
}
