package heartbeat

import (
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// beats reports whether this registration is to be kept alive: no longer once its lease
// may have ended, or if its work cannot be killed.
func (m *machine) beats() bool {
	if m.phase == leaving {
		return m.registration.holdsLease(m.now) && m.tenure.work.running && !m.stuck()
	}
	return m.phase == member && !m.stuck()
}

// status is what the record of this instance shows from its next beat on.
func (m *machine) status() registry.Status {
	t := &m.tenure
	if t.active() {
		return registry.Status{Role: registry.Active, Term: t.work.term.Number, Candidate: !m.drain.on && t.held.end.Reason == ""}
	}
	return registry.Status{Role: registry.Passive, Candidate: !t.holdOff.active(m.now)}
}

// register tries to register under a new UUID.
func (m *machine) register() {
	if m.registration.joinExpired(m.now) && m.outage.err != nil {
		m.finish(m.unjoined(fmt.Sprintf(" for %v", m.joinTimeout)))
		return
	}
	in := m.self
	in.ID, in.Schema = m.newID(), registry.Schema
	in.Interval, in.OrphanAfter = m.timing.Interval, m.timing.OrphanAfter
	in.Status = m.status()
	timeout := m.registration.joinTimeout(m.now, m.timing.CallTimeout())
	m.send(request{kind: kindRegister, id: in.ID, in: &in, timeout: timeout})
}

// unjoined is what Run returns without a registration.
func (m *machine) unjoined(since string) error {
	err := m.outage.err
	if errors.Is(err, registry.ErrRefused) {
		return fmt.Errorf("heartbeat: %w", err)
	}
	return fmt.Errorf("%w%s: %w", ErrUnreachable, since, err)
}

// registered takes the answer to a registration. When this process was registered
// before and is refused now, a right was taken away or a rule was added. This process
// cannot change that, so it ends. Whoever starts it again may have corrected it.
func (m *machine) registered(a answer) {
	if a.err != nil {
		// It may still be applied: the next attempt takes another UUID.
		switch {
		case m.phase == leaving:
			m.finish(m.departure.result)
		case !m.registration.joined.IsZero() && errors.Is(a.err, registry.ErrRefused):
			m.finish(m.unjoined(""))
		}
		return
	}
	m.registration.begin(a.request.id, a.request.sent, a.at, m.timing.Interval)
	m.extendLease(a)
	if m.phase == leaving {
		return
	}
	m.enter(member)
	m.place.begin(a.request.in.Candidate)
	m.schedule.reading.changed()
	m.act(note{fact: factRegistered, holder: m.registration.id})
}

// beaten takes the answer to a beat. It does not matter which beat of this registration
// it answers: the lease counts from the instant at which the beat was sent, so a late
// acknowledgement does no harm.
func (m *machine) beaten(a answer) {
	m.registration.beatAnswered(a.request.seq)
	if a.request.id != m.registration.id {
		return
	}
	m.report(a.request.kind, a.err)
	switch {
	case a.err == nil:
		if m.beats() {
			m.extendLease(a)
		}
		if m.place.shows(a.request.status.Candidate) {
			m.schedule.reading.changed()
		}
	case errors.Is(a.err, registry.ErrNotRegistered):
		switch m.phase {
		case member:
			m.retire(factDeleted, registry.Unregistered, ErrTermOver, true)
		case leaving:
			m.stop(ErrTermOver, true)
		}
	case m.phase == member && m.registration.lapsed(m.now) && registry.Unreadable(a.err):
		m.retire(factUnreadable, registry.LeaseLost, ErrLeaseLost, true)
	}
}

// extendLease takes the acknowledgement of a beat. The lease counts from the instant
// at which the beat was sent.
func (m *machine) extendLease(a answer) {
	m.registration.marked(a.listen)
	if m.registration.renew(a.request.sent, a.at, m.timing.Lease()) {
		m.act(extend{m.registration.lease})
	}
}
