package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// beats reports whether this registration is to be kept alive: not once it may
// have lost its lease, and not for work that will not die.
func (m *machine) beats() bool {
	if m.phase == leaving {
		return !m.spent && m.id != uuid.Nil && m.work.running && m.now < m.lease && !m.stuck()
	}
	return m.phase == member && !m.stuck()
}

func (m *machine) status() registry.Status {
	s := registry.Status{Role: registry.Passive, Candidate: m.now >= m.off.until}
	if m.work.term.Number > 0 {
		s.Role, s.Term = registry.Active, m.work.term.Number
	}
	return s
}

func (m *machine) register() {
	if m.joinBy > 0 && m.now >= m.joinBy && m.lastErr != nil {
		m.finish(m.unjoined(fmt.Sprintf(" for %v", m.joinTimeout)))
		return
	}
	in := m.self
	in.ID, in.Schema = m.newID(), registry.Schema
	in.Interval, in.OrphanAfter = m.timing.Interval, m.timing.OrphanAfter
	in.Status = m.status()
	c := call{kind: callRegister, id: in.ID, in: &in}
	if m.joinBy > m.now {
		c.timeout = min(m.timing.CallTimeout(), m.joinBy-m.now)
	}
	m.call(c)
}

// unjoined is what Run returns without a registration.
func (m *machine) unjoined(since string) error {
	if errors.Is(m.lastErr, registry.ErrRefused) {
		return fmt.Errorf("heartbeat: %w", m.lastErr)
	}
	return fmt.Errorf("%w%s: %w", ErrUnreachable, since, m.lastErr)
}

// registered takes the answer to a registration. Where one was given up and the next
// is refused, a right was taken away or a rule was added: nothing here will change
// that, and whoever starts this process again may know better.
func (m *machine) registered(a answer) {
	if a.err != nil {
		// It may be applied yet: the next attempt takes another UUID.
		m.later(a.call)
		switch {
		case m.phase == leaving:
			m.finish(m.parting)
		case !m.joined.IsZero() && errors.Is(a.err, registry.ErrRefused):
			m.finish(m.unjoined(""))
		}
		return
	}
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
	m.outcome(a.call, a.err)
	switch {
	case a.err == nil:
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
	case m.phase == member && m.now >= m.lease && registry.Unreadable(a.err):
		m.retire(factSpoilt, registry.LeaseLost, ErrLeaseLost, true)
	}
}

// registryNow is the registry's time, by the latest acknowledged beat and what has
// passed since.
func (m *machine) registryNow() time.Time { return m.clock.Add(m.now - m.clockAt) }

// renew extends the lease, counted from the instant that the beat was sent.
func (m *machine) renew(a answer) {
	m.clock, m.clockAt, m.heard = a.at, a.call.sent, max(m.heard, a.call.sent)
	if until := a.call.sent + m.timing.Lease(); until > m.lease {
		m.lease = until
		m.act(extend{until})
	}
}
