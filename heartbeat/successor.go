package heartbeat

import (
	"errors"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// successor is the candidate that comes next after the term of this instance, as the latest
// search told it. The record of that candidate is marked, so that it listens to the bell.
// All of that is a hint, on which no safety rests. Instants are local.
//
// The machine writes it when a term begins and when it is about to end, when a search
// for the successor is sent and answered, and when a notice comes.
type successor struct {
	term     int64         // of this instance; 0: it had none
	since    time.Duration // when the term began
	previous uuid.UUID     // the holder before, whom the first searches leave out
	id       uuid.UUID     // uuid.Nil: there is none, or nobody knows
	mark     uuid.UUID     // to be marked
	unmark   uuid.UUID     // its mark is to be taken away
	next     time.Duration // when the next search is due
	rest     time.Duration // until when a notice makes none due
	again    bool          // a notice came since the latest search was sent
	last     bool          // the term is about to end, and the search is the last one
	known    bool          // id is what a recent search told
}

// never is an instant that does not come.
const never = time.Duration(math.MaxInt64)

// begin begins a term, after one of a previous holder.
func (s *successor) begin(term int64, previous uuid.UUID, now time.Duration) {
	*s = successor{term: term, since: now, previous: previous, next: now}
}

// leavesOut returns the previous holder while its record may not show yet that it leaves, or
// holds off; uuid.Nil: nobody. The next beat shows it. Somebody who leaves may be slow, but
// the last search has no other one after it.
func (s *successor) leavesOut(now time.Duration, t registry.Timing) uuid.UUID {
	if now < s.since+t.Interval || now < s.since+t.Slack() && !s.last {
		return s.previous
	}
	return uuid.Nil
}

// lookAgain makes the last search due, since the term is about to end.
func (s *successor) lookAgain(now time.Duration) { s.last, s.known, s.next = true, false, now }

// searched takes note of a search that is sent now.
func (s *successor) searched(now, every, rest time.Duration) {
	s.again = false
	s.due(now, every, rest)
}

// due sets when the next search is due, after one was sent or answered. There is none after
// the last one.
func (s *successor) due(now, every, rest time.Duration) {
	s.next, s.rest = now+every, now+rest
	if s.again {
		s.next = s.rest
	}
	if s.last {
		s.next = never
	}
}

// by makes the next search due no later than an instant.
func (s *successor) by(instant time.Duration) {
	if !s.last {
		s.next = min(s.next, instant)
	}
}

// mayHaveGone takes a notice: the next search is due at once, or after the rest since the
// latest one.
func (s *successor) mayHaveGone(now time.Duration) {
	s.again = true
	s.by(max(now, s.rest))
}

// found takes the answer to a search: an instance, or uuid.Nil, and the mark in its record.
func (s *successor) found(id uuid.UUID, mark int64) {
	if s.id != uuid.Nil && s.id != id {
		s.unmark = s.id
	}
	s.id, s.known = id, s.last
	if id != uuid.Nil && mark < s.term {
		s.mark = id
	}
}

// want has an instance marked that nobody has searched for.
func (s *successor) want(id uuid.UUID) { s.mark = id }

// take returns the instance whose mark is to be changed next, and to which term; uuid.Nil:
// none.
func (s *successor) take() (id uuid.UUID, term int64) {
	switch {
	case s.mark != uuid.Nil:
		id, s.mark = s.mark, uuid.Nil
		return id, s.term
	case s.unmark != uuid.Nil && !s.last:
		id, s.unmark = s.unmark, uuid.Nil
	}
	return id, 0
}

// forget takes note that this instance has no registration any more.
func (s *successor) forget() { *s = successor{} }

// named returns who should take over, if the last search told it.
func (s *successor) named() uuid.UUID {
	if s.known {
		return s.id
	}
	return uuid.Nil
}

// hints reports whether this instance has a successor that needs to be told.
func (m *machine) hints() bool {
	return (m.tenure.active() || m.successor.last) && !m.registration.everybodyListens()
}

// hint returns the next request for the sake of the successor; nil: none is due.
func (m *machine) hint() *request {
	if !m.hints() {
		return nil
	}
	s := &m.successor
	if id, term := s.take(); id != uuid.Nil {
		return &request{kind: kindMark, id: id, number: term}
	}
	if m.now < s.next {
		return nil
	}
	except := []uuid.UUID{m.registration.id}
	if id := s.leavesOut(m.now, m.timing); id != uuid.Nil {
		except = append(except, id)
	}
	s.searched(m.now, m.successorEvery(), m.successorRest())
	r := m.candidate(except...)
	r.search, r.number = forSuccessor, s.term
	return r
}

// lastHint returns the next request for the sake of the successor while this instance
// leaves. The process waits for the answer, but not for long.
func (m *machine) lastHint() *request {
	r := m.hint()
	if r != nil {
		r.timeout = budgetSpan(m.timing) / 2
	}
	return r
}

// searchEvery is how often an active instance that hears the bell searches for its
// successor while it has one: a successor that leaves rings.
func searchEvery(t registry.Timing) time.Duration { return max(t.Slack(), t.OrphanAfter/10) }

// successorEvery is how often this instance searches for its successor.
func (m *machine) successorEvery() time.Duration {
	if m.schedule.reading.watching && m.successor.id != uuid.Nil {
		return searchEvery(m.timing)
	}
	return m.timing.Slack()
}

// successorRest is the shortest time between two searches, whatever notices come.
func (m *machine) successorRest() time.Duration { return budgetSpan(m.timing) / wakesPerSpan }

// successorFound takes the answer to a search for the successor. The time until the next one
// counts from now, so that slow answers leave room for others in the background.
func (m *machine) successorFound(a answer) {
	if a.request.number == m.successor.term && (a.err == nil || errors.Is(a.err, registry.ErrNoCandidate)) {
		m.successor.found(a.senior, a.listen)
	}
	m.successor.due(m.now, m.successorEvery(), m.successorRest())
	m.hinted(a)
}

// hinted takes the answer to a request for the sake of the successor. After one that failed,
// the next search comes a B later.
func (m *machine) hinted(a answer) {
	if a.err != nil && !errors.Is(a.err, registry.ErrNoCandidate) {
		m.successor.by(m.now + m.timing.Slack())
	}
}

// lookAhead searches for the successor again, because the term is about to end: its end can
// name that one, and who does not listen yet is marked. The end of the term does not wait for
// that, and the search does not wait for what else is under way in the background.
func (m *machine) lookAhead() {
	if m.phase != member && m.phase != leaving || m.successor.last || m.tenure.held.end.Reason == registry.WorkDone {
		return
	}
	m.successor.lookAgain(m.now)
	b := &m.schedule.background
	if k := b.busy.kind; k == kindSilent || k == kindMark || k == kindCandidate && b.busy.search != forPeer {
		b.drop()
	}
}

// follower returns who should take over when this instance ends its term; uuid.Nil if nobody
// knows.
func (m *machine) follower() uuid.UUID {
	if to := m.tenure.target; to != uuid.Nil {
		return to
	}
	if m.successor.term == m.tenure.held.number {
		return m.successor.named()
	}
	return uuid.Nil
}
