package heartbeat

import (
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Bounds of requests per budgetSpan, whatever asks for them: a flood of terms, a
// registry that does not show what was written to it, or a thousand orphans at once.
const (
	viewsPerSpan      = 10
	backgroundPerSpan = 100
)

// budgetSpan is an interval, but no more than a second: several changes that come
// together are no flood where beats are rare.
func budgetSpan(t registry.Timing) time.Duration { return min(t.Interval, time.Second) }

// schedule says which request to the registry may go next. The beat never waits for
// any other, so it is not here but in the registration.
//
// The machine writes it when it sends a request and when one is answered.
type schedule struct {
	seq        int64  // of the latest request
	election   slot   // for requests that the election waits for
	background slot   // for hints and for cleaning up, which nothing waits for
	cleaning   budget // of the background
	reading    reading
}

// send gives a request its number, its instant and its timeout, and its slot if it
// needs one.
func (s *schedule) send(r request, now, timeout time.Duration) request {
	s.seq++
	r.seq, r.sent = s.seq, now
	if r.timeout == 0 {
		r.timeout = timeout
	}
	if r.kind != kindBeat {
		s.slotOf(r).busy = r
	}
	return r
}

// answered reports whether an answer to a request is still waited for, and frees its
// slot if it is.
func (s *schedule) answered(r request) bool {
	slot := s.slotOf(r)
	if r.seq != slot.busy.seq {
		return false
	}
	slot.drop()
	return true
}

// slotOf returns the slot that a request takes.
func (s *schedule) slotOf(r request) *slot {
	if r.inBackground() {
		return &s.background
	}
	return &s.election
}

// makeWay frees the slots for what has to be undone. Requests that may still create
// something of ours are waited for, and those for the sake of the one that comes next; all
// others are not. The end of a term may be asked
// for twice.
func (s *schedule) makeWay() {
	s.election.wanted, s.background.wanted = nil, nil
	if k := s.election.busy.kind; k != kindRegister && k != kindBeginTerm {
		s.election.drop()
	}
	if k := s.background.busy; k.kind != kindEndTerm && !k.informsNext() {
		s.background.drop()
	}
}

// dropTakeover forgets the requests that were to follow from a vacancy which is over.
func (s *schedule) dropTakeover() {
	s.election.wanted = nil
	if r := s.background.wanted; r != nil && r.search != forPeer {
		s.background.wanted = nil
	}
}

// endTakeover forgets those requests, and the answer to one of them that is under way in the
// background.
func (s *schedule) endTakeover() {
	s.dropTakeover()
	if s.background.busy.forTakeover() {
		s.background.drop()
	}
}

// cleanable reports whether the budget allows one more request in the background.
func (s *schedule) cleanable(now time.Duration, t registry.Timing) bool {
	return now >= s.cleaning.next(budgetSpan(t), backgroundPerSpan)
}

// cleaned takes one request in the background from the budget.
func (s *schedule) cleaned(now time.Duration, t registry.Timing) {
	s.cleaning.spend(now, budgetSpan(t), backgroundPerSpan)
}

// slot has room for one request to the registry at a time.
type slot struct {
	busy   request       // the request that is under way; seq 0: none
	next   time.Duration // no request before this instant, after one has failed
	wanted *request      // goes as soon as nothing is under way; nil: none was asked for
}

// free reports whether a request may go now.
func (s *slot) free(now time.Duration) bool { return s.busy.seq == 0 && now >= s.next }

// want asks for a request, instead of any that was asked for before.
func (s *slot) want(r *request) { s.wanted = r }

// take returns the request that was asked for, or nil.
func (s *slot) take() *request {
	r := s.wanted
	s.wanted = nil
	return r
}

// drop frees the slot: the answer to the request that is under way will not count.
func (s *slot) drop() { s.busy = request{} }

// delay puts the next request off until an instant at least.
func (s *slot) delay(until time.Duration) { s.next = max(s.next, until) }

// hasten lets the next request go at once.
func (s *slot) hasten() { s.next = 0 }

// reading says when to read the group next, by a view.
type reading struct {
	next     time.Duration
	stale    bool          // read at once: something may have changed
	since    time.Duration // a view that was sent before is of the time before this instance was away
	watching bool          // the registry announces changes
	budget   budget
}

// changed makes a view due.
func (r *reading) changed() { r.stale = true }

// restart takes note that this instance was away until now, and makes a view due.
func (r *reading) restart(now time.Duration) { r.since, r.stale = now, true }

// watched takes note of whether the registry announces changes from now on. Some may
// have been missed until now.
func (r *reading) watched(up bool) { r.watching, r.stale = up, true }

// unwatched takes note that this instance does not listen any more.
func (r *reading) unwatched() { r.watching = false }

// due reports whether to send a view now, and takes it from the budget if so.
func (r *reading) due(now time.Duration, t registry.Timing) bool {
	if !r.stale && now < r.next || !r.budget.spend(now, budgetSpan(t), viewsPerSpan) {
		return false
	}
	r.stale = false
	return true
}

// at sets when the next view is due.
func (r *reading) at(instant time.Duration) { r.next = instant }

// by makes the next view due no later than an instant.
func (r *reading) by(instant time.Duration) { r.next = min(r.next, instant) }

// allowed is the instant from which the budget has another view.
func (r *reading) allowed(t registry.Timing) time.Duration {
	return r.budget.next(budgetSpan(t), viewsPerSpan)
}
