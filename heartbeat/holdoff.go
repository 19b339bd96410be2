package heartbeat

import "time"

// holdOff is the time for which an instance that gave its term up leaves the next
// ones to others.
type holdOff struct {
	until    time.Duration // do not compete before; 0: free to
	failures int           // how often the work failed here, without a good run in between
}

// maxFailures bounds the hold-off for work that fails: 16·T.
const maxFailures = 4

// begin is the hold-off of an instance that gives its term up now, whose work ran
// for some time: T, and for work that failed twice as long each time that it fails
// again, whoever tried it in between. A run that is longer than that was good.
func (h holdOff) begin(now, t time.Duration, failed bool, ran time.Duration) holdOff {
	if ran >= t<<h.failures {
		h.failures = 0
	}
	if !failed {
		h.until = max(h.until, now+t)
		return h
	}
	h.until = now + t<<h.failures
	h.failures = min(h.failures+1, maxFailures)
	return h
}

// newerTerm is the hold-off once another holds a newer term: over, but for work
// that failed. Where it fails everywhere, it would go round for ever.
func (h holdOff) newerTerm() holdOff {
	if h.failures == 0 {
		h.until = 0
	}
	return h
}

// holdsOff reports whether I leave a vacancy to others. One that nobody has taken
// for T is not left to them any longer.
func (m *machine) holdsOff() bool {
	return m.now < m.off.until && !(m.vacancy.found && m.now-m.vacancy.since >= m.timing.OrphanAfter)
}
