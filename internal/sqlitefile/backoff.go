package sqlitefile

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// patiently calls try until no lock is in its way, or until ctx ends. SQLite's own
// busy_timeout would sleep through the end of a context. It gives up a little before
// a deadline, so that its caller still learns who was in the way.
func patiently(ctx context.Context, try func() error) error {
	const shortest, longest, early = 100 * time.Microsecond, 4 * time.Millisecond, 50 * time.Millisecond
	begun, limit := time.Now(), time.Duration(math.MaxInt64)
	if end, ok := ctx.Deadline(); ok {
		limit = time.Until(end)
		limit -= min(early, limit/10)
	}
	for backoff := shortest; ; backoff = min(2*backoff, longest) {
		err := try()
		if !busy(err) {
			return err
		}
		waited := time.Since(begun)
		if waited >= limit {
			return fmt.Errorf("%w after %v: %w", context.DeadlineExceeded, waited.Round(time.Millisecond), err)
		}
		timer := time.NewTimer(min(backoff/2+rand.N(backoff), limit-waited))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w after %v: %w", ctx.Err(), waited.Round(time.Millisecond), err)
		}
	}
}
