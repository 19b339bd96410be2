package worker

import "time"

const (
	minDelay    = time.Second
	maxDelay    = time.Minute
	healthyTime = time.Minute // a command that ran for this long has no failures any more
	maxFailures = 5           // in a row
)

// backoff counts the exits of a command, and says how long to wait before the next
// start.
type backoff struct {
	exits    int // since the command last ran for healthyTime
	failures int // in a row
}

// ran notes that the command ran for d and did not exit by itself.
func (b *backoff) ran(d time.Duration) {
	if d >= healthyTime {
		*b = backoff{}
	}
}

// exited notes an exit after the command ran for d, and returns how long to wait
// before the next start.
func (b *backoff) exited(d time.Duration, code int) time.Duration {
	b.ran(d)
	if b.failures++; code == 0 {
		b.failures = 0
	}
	delay := maxDelay
	if b.exits < 6 {
		delay = min(minDelay<<b.exits, maxDelay)
	}
	b.exits++
	return delay
}

// failed reports whether a peer should try.
func (b *backoff) failed() bool { return b.failures >= maxFailures }
