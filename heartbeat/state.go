package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Promoted is the reason of a [Change] to the active role.
const Promoted registry.Reason = "promoted"

// Change is a change of an instance's role. A change to active is reported before the
// work starts, a change to passive when the work is gone.
type Change struct {
	Instance uuid.UUID
	Role     registry.Role   // from now on
	Term     int64           // the term that began, or is over
	Reason   registry.Reason // Promoted, or why the term is over
	// Previous says, of a term that began, why the term before it ended, as far as this
	// instance knows: Orphaned if the holder fell silent. It is empty for the first term of a
	// group.
	Previous registry.Reason
}

// State is what a member knows of itself, without asking the registry.
type State struct {
	Instance uuid.UUID // uuid.Nil while it is not registered
	Term     int64     // the term that it works in; 0 while passive
	// Lease is what is left of the lease: negative once it has ended, 0 without a
	// registration.
	Lease time.Duration
	// Ready says that the instance is registered, is not shutting down, and that its
	// latest beat is fresh enough to begin work or to go on with it.
	Ready bool
	// Leaving says that the instance is shutting down, or has left.
	Leaving bool
	// Draining says that the work may finish before it is told to stop (Config.Drain).
	Draining bool
	// LastBeat is when the latest acknowledged beat was sent, by this machine's wall
	// clock; zero: there was none. It is for people.
	LastBeat time.Time
	// Stuck says that the loop of Run stands still: it has not turned for five
	// intervals, and for five seconds at least. It turns once per interval otherwise,
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

// published is what the loop shows of its machine each time it has turned.
type published struct {
	at      time.Duration // the local instant of that
	lease   time.Duration // the local instant at which the lease ends
	beat    time.Duration // the local instant at which the latest acknowledged beat was sent
	id      uuid.UUID
	running bool // Run runs
	drains  bool // the work is being drained
	member  bool // the phase is member, and there is no order to leave
	leaving bool // the phase is leaving or finished, or leaving waits for a drain
}

// State returns the member's state now. It never waits.
func (m *Member) State() State {
	last, now := m.published.Load(), m.now()
	s := State{Instance: last.id, Term: m.Term(), Leaving: last.leaving, Draining: last.drains}
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

// publish shows the machine after an event, and calls the functions of the configuration.
func (r *runner) publish(e event) {
	m := r.machine
	s := published{
		at: m.now, lease: m.registration.lease, beat: r.published.Load().beat, id: m.registration.id, running: true, drains: m.drain.on,
		member: m.phase == member && !m.drain.orders.leave, leaving: m.phase == leaving || m.phase == finished || m.drain.orders.leave,
	}
	a, answered := e.(answer)
	if answered && a.isBeat() && a.err == nil {
		s.beat = max(s.beat, a.request.sent)
	}
	if answered {
		r.announceAnswer(a)
	}
	r.published.Store(&s)
	if t := &m.tenure; r.announcedTerm > 0 && t.work.term.Number != r.announcedTerm {
		r.announceRole(Change{Instance: s.id, Role: registry.Passive, Term: r.announcedTerm, Reason: t.held.end.Reason})
	}
}

// announceRole calls OnRole once for each change of role.
func (r *runner) announceRole(c Change) {
	term := int64(0)
	if c.Role == registry.Active {
		term = c.Term
	}
	if term == r.announcedTerm {
		return
	}
	r.announcedTerm = term
	if r.config.OnRole != nil {
		r.config.OnRole(c)
	}
}

// announceAnswer calls OnBeat, OnTime and OnOrphan for the answers that they are about.
func (r *runner) announceAnswer(a answer) {
	if a.isBeat() && r.config.OnBeat != nil {
		r.config.OnBeat(r.machine.now-a.request.sent, a.err)
	}
	if a.isBeat() && a.err == nil && r.config.OnTime != nil {
		r.config.OnTime(a.at, a.request.sent)
	}
	if a.deleted && r.config.OnOrphan != nil {
		r.config.OnOrphan()
	}
}
