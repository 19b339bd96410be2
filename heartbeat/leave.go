package heartbeat

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// retire gives this registration up: it never beats again. The work, if any, is told to
// stop because of cause.
func (m *machine) retire(f fact, reason registry.Reason, cause error, immediate bool) {
	if f != "" && (f != factLeaseLost || m.tenure.work.running) {
		m.act(note{fact: f, term: m.tenure.held.number})
	}
	if m.phase == member {
		m.enter(retiring)
		m.registration.giveUp()
	}
	m.schedule.makeWay()
	m.tenure.because(reason)
	ordered := m.cutDrain()
	m.stop(cause, immediate)
	m.conclude()
	if ordered.leave {
		m.leaveHurried()
	}
}

// leave begins the shutdown, at the end of which Run returns the result.
func (m *machine) leave(result error) {
	if m.phase == leaving {
		return
	}
	m.enter(leaving)
	m.departure.begin(result)
	m.schedule.makeWay()
	m.schedule.election.hasten()
	m.tenure.because(registry.Stopped)
	m.stop(ErrStopped, false)
	m.conclude()
}

// leaveWith leaves with the result of the work.
func (m *machine) leaveWith(result error) {
	if m.phase == leaving {
		m.departure.begin(result)
		m.conclude()
		return
	}
	m.leave(result)
}

// conclude makes the end of the held term due, once nothing works in it any more.
func (m *machine) conclude() {
	w := m.tenure.work
	if w.running {
		return
	}
	if w.term.Number > 0 && !w.waiting && m.phase == member {
		m.act(note{fact: factPassive, term: w.term.Number})
	}
	if w.term.Number > 0 {
		m.lookAhead()
	}
	if m.tenure.close(m.observations.highest, m.now) {
		m.schedule.makeWay()
	}
	if m.phase == leaving {
		done := m.tenure.held.end.Reason == registry.WorkDone
		m.departure.release(m.now, releaseTime(m.timing), m.timing.OrphanAfter, done)
	}
}

// release gives back what this registration holds once nothing works: the term first,
// then the registration.
func (m *machine) release() {
	switch {
	case m.tenure.work.running:
	case m.tenure.held.number > 0:
		m.giveBack(m.endHeld())
	case m.departure.unregistered, m.registration.id == uuid.Nil && m.phase == leaving:
		if m.schedule.background.busy.seq == 0 && m.successor.mark == uuid.Nil { // else one of the backlog is under way, or the successor does not know yet
			m.finish(m.departure.result)
		}
	default:
		m.giveBack(request{kind: kindUnregister, id: m.registration.id})
	}
}

// endHeld returns the request that ends the held term. It names who should take over.
func (m *machine) endHeld() request {
	r := m.tenure.end(m.registration.id)
	r.end.Next = m.follower()
	return r
}

// giveBack sends a request that gives something back.
func (m *machine) giveBack(r request) {
	if m.phase == leaving {
		r.timeout = m.departure.timeout(m.now, m.timing)
	}
	m.send(r)
}

// ended takes the answer to the end of the held term, or to that of a past one: the term
// of the instance that was deposed, or one held under an earlier UUID.
func (m *machine) ended(a answer) {
	if a.request.past {
		m.pastTermEnded(a)
		return
	}
	if a.err == nil {
		if a.request.number == m.tenure.held.number {
			if m.phase == leaving && m.tenure.held.end.Reason != registry.WorkDone {
				m.schedule.election.delay(m.now + giveWay(m.timing))
			}
			m.tenure.ended()
			m.schedule.reading.changed()
		}
		return
	}
	if m.phase == retiring && (m.tenure.overdue(m.now, m.timing.OrphanAfter) || errors.Is(a.err, registry.ErrRefused)) {
		// Peers depose this registration, or have done so. Or nobody can reach the
		// registry, and once they can, they need not wait.
		m.backlog.endLater(m.tenure.end(m.registration.id).inPast())
		m.tenure.ended()
	}
}

// giveWay is for how long an instance that leaves lets the next one begin its term, before it
// ends its own registration: the two writes would wait for each other.
func giveWay(t registry.Timing) time.Duration { return min(t.Interval/50, 20*time.Millisecond) }

// pastTermEnded stops retrying the end of a past term when it is refused, or when it fails
// during the shutdown: nothing depends on it. Otherwise an end that failed is tried again.
func (m *machine) pastTermEnded(a answer) {
	if a.err == nil || m.phase != member || errors.Is(a.err, registry.ErrRefused) {
		m.backlog.termEnded()
	}
	if a.err == nil {
		m.schedule.reading.changed()
	}
}

// unregistered takes the answer to the end of this registration, or of a former one.
func (m *machine) unregistered(a answer) {
	if a.request.past {
		if a.err == nil || m.phase == leaving {
			m.backlog.unregistered()
		}
		return
	}
	if m.phase == leaving {
		if a.err == nil {
			m.act(note{fact: factLeft})
		} else {
			m.act(note{fact: factUnregistered, err: a.err})
		}
		m.departure.unregister()
		return
	}
	if a.err != nil {
		m.backlog.unregisterLater(a.request)
	}
	m.rejoin()
}

// rejoin forgets the registration, but nothing that was observed, and goes on holding
// off.
func (m *machine) rejoin() {
	if m.registration.id != uuid.Nil {
		m.act(note{fact: factRegisteringAgain})
	}
	m.enter(joining)
	m.registration.end()
	m.tenure.unregistered()
	m.vacancy.end()
	m.successor.forget()
	m.observations.forgive()
	m.backlog.deleteOrphans(nil)
	m.departure.rejoin()
}

// abandon leaves to the peers what could not be given back in time.
func (m *machine) abandon() {
	switch {
	case m.departure.unregistered:
	case m.tenure.held.number > 0:
		m.act(note{fact: factUnreleased, term: m.tenure.held.number, in: m.timing.OrphanAfter, err: m.outage.err})
	case m.registration.id != uuid.Nil:
		m.act(note{fact: factUnregistered, err: m.outage.err})
	}
	m.finish(m.departure.result)
}
