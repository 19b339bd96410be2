package heartbeat

import "time"

// holdOff is the time for which an instance that gave its term up leaves the next
// terms to peers.
type holdOff struct {
	until    time.Duration // local; does not compete before; 0: free to compete
	failures int           // how often the work failed here without a good run in between
}

// maxFailures bounds the hold-off for work that fails: 16·T.
const maxFailures = 4

// begin returns the hold-off of an instance that gives its term up now, whose work ran
// for some time. It lasts T. For work that failed it lasts twice as long each time that
// the work fails again here, even if peers have tried it in between. A run that lasts as
// long as the next hold-off counts as a success, and the count begins again.
func (h holdOff) begin(now, orphanAfter time.Duration, failed bool, ran time.Duration) holdOff {
	if ran >= orphanAfter<<h.failures {
		h.failures = 0
	}
	if !failed {
		h.until = max(h.until, now+orphanAfter)
		return h
	}
	h.until = now + orphanAfter<<h.failures
	h.failures = min(h.failures+1, maxFailures)
	return h
}

// newerTerm returns the hold-off after a peer has begun a newer term. It is over,
// except for work that failed: work that fails everywhere would otherwise move from one
// instance to the next without a pause.
func (h holdOff) newerTerm() holdOff {
	if h.failures == 0 {
		h.until = 0
	}
	return h
}

// active reports whether the hold-off goes on.
func (h holdOff) active(now time.Duration) bool { return now < h.until }
