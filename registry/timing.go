package registry

import (
	"errors"
	"fmt"
	"time"
)

// Timing is what an instance promises to its peers, and the arithmetic that follows from
// it. It has durations alone, because clocks are never compared.
type Timing struct {
	Interval    time.Duration // I: there is one beat in each
	OrphanAfter time.Duration // T: an instance that is silent for that long is an orphan
	StopGrace   time.Duration // G: how long the work may take to stop by itself
}

// DefaultTiming suits a fleet of any size on a network that has bad seconds.
var DefaultTiming = Timing{Interval: time.Second, OrphanAfter: time.Minute, StopGrace: 10 * time.Second}

// Slack is B, the longest time that an observer may take to notice a beat. It is the span
// between two views of a peer, and it bounds by how much the age of a record back-dates
// an observation of it.
func (t Timing) Slack() time.Duration { return max(t.Interval, t.OrphanAfter/20) }

// Overdue is the age at which a beat is late: 3·B.
func (t Timing) Overdue() time.Duration { return 3 * t.Slack() }

// RequestLife is the age at which a handover request has expired. It is long enough that
// one call of the active instance may hang and time out, and the next one finds the
// request.
func (t Timing) RequestLife() time.Duration { return t.Overdue() + t.CallTimeout() }

// Margin is M, by which a lease is shorter than the silence that makes an orphan. It
// covers the back-dating of an observation (B) and the drift of two clocks over T. A tenth
// of T is more than chrony's fastest slew of 8.3 %.
func (t Timing) Margin() time.Duration {
	return t.Slack() + max(t.OrphanAfter/10, 100*time.Millisecond)
}

// Lease is how long an acknowledged beat keeps a term, counted from the instant at which
// the beat was sent.
func (t Timing) Lease() time.Duration { return t.OrphanAfter - t.Margin() }

// CallTimeout bounds one call to the registry. Several calls fit into a lease before the
// work has to be told to stop.
func (t Timing) CallTimeout() time.Duration { return (t.Lease() - t.StopGrace) / 4 }

// KillMargin is K: whatever is left of a command is killed that long before the end of the
// lease. It is longer than a second, because for that long the kernel may let a real-time
// process have a processor that a guard waits for. But the command has at least half of
// the grace.
func (t Timing) KillMargin() time.Duration {
	return max(t.LetGo(), min(1200*time.Millisecond, t.StopGrace/2))
}

// LetGo is how long work within this process may take to release what it holds, if it has
// to stop at once because a peer may work already.
func (t Timing) LetGo() time.Duration { return max(250*time.Millisecond, t.StopGrace/10) }

// The smallest I and G that make sense. Below them an ordinary delay of the scheduler costs
// a lease.
const (
	MinInterval  = 50 * time.Millisecond
	MinStopGrace = 500 * time.Millisecond
)

// MaxOrphanAfter is the longest T. A term whose holder has no record blocks its group for
// the T that the term promises, because nobody can see whether the holder still works. So
// there has to be a bound that no record can exceed, and a day is longer than any fleet
// waits.
const MaxOrphanAfter = 24 * time.Hour

// The longest I and G. There is a T that fits every pair of them.
const (
	MaxInterval  = time.Hour
	MaxStopGrace = 12 * time.Hour
)

// Check returns everything that is wrong with the durations, joined, or nil.
func (t Timing) Check() error {
	var errs []error
	if t.Interval < MinInterval || t.Interval > MaxInterval {
		errs = append(errs, fmt.Errorf("interval %v: want %v to %v", t.Interval, MinInterval, inHours(MaxInterval)))
	}
	if t.StopGrace < MinStopGrace || t.StopGrace > MaxStopGrace {
		errs = append(errs, fmt.Errorf("stop grace %v: want %v to %v", t.StopGrace, MinStopGrace, inHours(MaxStopGrace)))
	}
	if t.OrphanAfter > MaxOrphanAfter {
		errs = append(errs, fmt.Errorf("orphan after %v is too long: want %v or less", t.OrphanAfter, inHours(MaxOrphanAfter)))
	}
	if len(errs) == 0 && !t.fits() {
		errs = append(errs, fmt.Errorf("orphan after %v is too short for an interval of %v and a stop grace of %v: want %v or more",
			t.OrphanAfter, t.Interval, t.StopGrace, t.SmallestOrphanAfter()))
	}
	return errors.Join(errs...)
}

// inHours writes a whole number of hours as people do.
func inHours(d time.Duration) string { return fmt.Sprintf("%dh", d/time.Hour) }

// fits reports whether T ≥ G + M + 3·B. That leaves room for the grace, the margin, and
// three views or beats that come late.
func (t Timing) fits() bool {
	return t.OrphanAfter >= t.StopGrace+t.Margin()+t.Overdue()
}

// SmallestOrphanAfter returns the smallest T, in whole milliseconds, that fits I and G.
func (t Timing) SmallestOrphanAfter() time.Duration {
	lo, hi := time.Duration(0), 10*(t.Interval+t.StopGrace)+time.Second
	for hi-lo > time.Millisecond {
		t.OrphanAfter = ((lo + hi) / 2).Truncate(time.Millisecond)
		if t.OrphanAfter <= lo {
			t.OrphanAfter = lo + time.Millisecond
		}
		if t.fits() {
			hi = t.OrphanAfter
		} else {
			lo = t.OrphanAfter
		}
	}
	return hi.Round(time.Millisecond)
}
