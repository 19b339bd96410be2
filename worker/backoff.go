package worker

import "time"

const (
	minDelay    = time.Second
	maxDelay    = time.Minute
	health      = time.Minute // running for that long forgets what was before
	maxFailures = 5           // in a row
)

// backoff counts what went wrong, and says how long to wait.
type backoff struct {
	exits    int // without a minute of health in between
	failures int // in a row
}

// ran notes that the command ran for a while; it is not an exit.
func (b *backoff) ran(d time.Duration) {
	if d >= health {
		*b = backoff{}
	}
}

// exited notes an exit after the command ran for d, and returns how long to
// wait before the next start.
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

// failed reports whether it is time to let somebody else try.
func (b *backoff) failed() bool { return b.failures >= maxFailures }
