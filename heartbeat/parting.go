package heartbeat

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// duty is a term that this registration may hold and has to end.
type duty struct {
	number int64 // 0: none
	due    bool  // the work is gone: end it now
	since  time.Duration
	end    registry.End
	after  *registry.Term // the open term of the one deposed, before mine
	silent sighting       // of that one
}

// retire gives this registration up: it never beats again.
func (m *machine) retire(f fact, reason registry.Reason, cause error, immediate bool) {
	if f != "" && (f != factLeaseLost || m.work.running) {
		m.act(note{fact: f, term: m.duty.number})
	}
	if m.phase == member {
		m.phase, m.spent = retiring, true
	}
	m.forget()
	m.because(reason)
	m.stop(cause, immediate)
	m.conclude()
}

// because notes why the term ends; the first reason stands.
func (m *machine) because(reason registry.Reason) {
	if m.duty.end.Reason == "" {
		m.duty.end.Reason = reason
	}
}

// leave begins the way out.
func (m *machine) leave(parting error) {
	if m.phase == leaving {
		return
	}
	m.phase, m.parting = leaving, parting
	m.forget()
	m.lane.next = 0
	m.because(registry.Stopped)
	m.stop(ErrStopped, false)
	m.conclude()
}

// forget makes way for what has to be undone: calls that may still make something
// of ours are waited for, all others are not. The end of a term may be asked for
// twice.
func (m *machine) forget() {
	m.lane.then, m.aside.then = nil, nil
	if k := m.lane.busy.kind; k != callRegister && k != callBeginTerm {
		m.lane.drop()
	}
	if m.aside.busy.kind != callEndTerm {
		m.aside.drop()
	}
}

// conclude makes the end of a term due, if nothing works in it any more.
func (m *machine) conclude() {
	if m.work.running {
		return
	}
	if m.work.term.Number > 0 && !m.work.waiting && m.phase == member {
		m.act(note{fact: factPassive, term: m.work.term.Number})
	}
	if n := m.work.term.Number; n > m.resigned && n <= m.highest { // it is not, if the terms were lost
		m.resigned, m.resignedAt = n, m.now
	}
	m.work = workState{}
	if m.duty.number > 0 && !m.duty.due {
		m.duty.due, m.duty.since = true, m.now
		m.forget()
	}
	if m.phase == leaving && m.releaseBy == 0 {
		m.releaseBy = m.now + m.releaseTime()
		if !m.hurried && m.duty.end.Reason == registry.WorkDone {
			m.releaseBy = m.now + m.timing.OrphanAfter // else it is done again
		}
	}
}

// releaseTime is what someone who waits for this process to go is made to wait
// for a registry that does not answer.
func (m *machine) releaseTime() time.Duration { return min(5*time.Second, m.timing.CallTimeout()) }

// hurry takes the order to leave.
func (m *machine) hurry() {
	m.hurried = true
	m.leave(nil)
	if m.releaseBy > 0 {
		m.releaseBy = min(m.releaseBy, m.now+m.releaseTime())
	}
}

// resign makes an active instance step down and hold off.
func (m *machine) resign(reason registry.Reason, cause error) {
	m.because(reason)
	m.off = m.off.begin(m.now, m.timing.OrphanAfter, reason == registry.WorkFailed, m.now-m.work.since)
	m.stop(cause, false)
	m.conclude()
}

// join forgets the registration, but nothing that was observed, and goes on
// holding off.
func (m *machine) join() {
	if m.id != uuid.Nil {
		m.act(note{fact: factAnew})
	}
	m.phase, m.id, m.lease, m.beating, m.spent = joining, uuid.Nil, 0, 0, false
	m.duty, m.work = duty{}, workState{}
	m.vacancy, m.orphans, m.past, m.parted = vacancy{}, nil, 0, false
}

// nextOfParting ends what this registration may hold, once nothing works, and
// then the registration.
func (m *machine) nextOfParting() {
	switch {
	case m.work.running:
	case m.duty.number > 0:
		m.release(m.endOfDuty())
	case m.parted, m.id == uuid.Nil && m.phase == leaving:
		if m.aside.busy.seq == 0 { // else history is on its way
			m.finish(m.parting)
		}
	default:
		m.release(call{kind: callUnregister, id: m.id})
	}
}

// release makes a call that gives something back. Where somebody waits for this
// process to go, one that hangs leaves time for another try.
func (m *machine) release(c call) {
	if m.phase == leaving {
		left := m.releaseBy - m.now
		c.timeout = min(max(left/2, budgetSpan(m.timing)/2), left, m.timing.CallTimeout())
	}
	m.call(c)
}

// endOf is the call that ends a term, if it is the holder's and open.
func endOf(number int64, holder uuid.UUID, end registry.End) call {
	return call{kind: callEndTerm, id: holder, number: number, end: end}
}

func (m *machine) endOfDuty() call { return endOf(m.duty.number, m.id, m.duty.end) }

// ended takes the answer to the end of my term, or of another: that of the one
// that I deposed, or my own under an earlier UUID.
func (m *machine) ended(a answer) {
	own := !a.call.past
	switch {
	case a.err != nil:
		m.later(a.call)
		lost := m.now >= m.duty.since+m.timing.OrphanAfter || errors.Is(a.err, registry.ErrRefused)
		if own && m.phase == retiring && lost {
			// Peers depose this registration, or have; or nobody can reach the
			// registry, and they need not wait once it is back.
			m.unclosed, m.duty = m.endOfDuty().inPast(), duty{}
		}
		if !own && (m.phase != member || errors.Is(a.err, registry.ErrRefused)) {
			m.unclosed = nil // it is but history
		}
	case !own:
		m.unclosed = nil
		m.stale = true
	case a.call.number == m.duty.number:
		m.duty = duty{}
		m.stale = true
	}
}

// unregistered comes last under a UUID.
func (m *machine) unregistered(a answer) {
	if a.call.past {
		if a.err != nil {
			m.later(a.call)
		}
		if a.err == nil || m.phase == leaving {
			m.former = m.former[1:]
		}
		return
	}
	if m.phase == leaving {
		if a.err == nil {
			m.act(note{fact: factLeft})
		} else {
			m.act(note{fact: factUnregistered, err: a.err})
		}
		m.parted = true
		return
	}
	if a.err != nil && len(m.former) < maxFormer {
		m.former = append(m.former, *a.call.inPast())
	}
	m.join()
}

// maxFormer bounds how many former registrations are ended once the registry
// answers again; peers sweep the others.
const maxFormer = 10

// abandon leaves what could not be released in time to the peers.
func (m *machine) abandon() {
	switch {
	case m.parted:
	case m.duty.number == 0 && m.id != uuid.Nil:
		m.act(note{fact: factUnregistered, err: m.lastErr})
	case m.duty.number > 0:
		m.act(note{fact: factUnreleased, term: m.duty.number, in: m.timing.OrphanAfter, err: m.lastErr})
	}
	m.finish(m.parting)
}
