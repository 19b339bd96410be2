package registry

import (
	"errors"
	"fmt"
	"time"
)

// Timing is what an instance promises its peers, and the arithmetic that
// follows from it. All of it is durations: clocks are never compared.
type Timing struct {
	Interval    time.Duration // I: one beat each
	OrphanAfter time.Duration // T: silent for that long is an orphan
	StopGrace   time.Duration // G: what the work gets to stop by itself
}

// DefaultTiming suits a fleet of any size on a network that has bad seconds.
var DefaultTiming = Timing{Interval: time.Second, OrphanAfter: time.Minute, StopGrace: 10 * time.Second}

// Slack is B, the longest that an observer may take to notice a beat: the span
// between two views of a peer, and the bound of what a record's age may
// back-date its observation by.
func (t Timing) Slack() time.Duration { return max(t.Interval, t.OrphanAfter/20) }

// Overdue is how old a beat may be before it is late: 3·B.
func (t Timing) Overdue() time.Duration { return 3 * t.Slack() }

// RequestLife is how old a request to hand over may be before it has expired: one
// call of its addressee may hang and time out, and the next finds the request.
func (t Timing) RequestLife() time.Duration { return t.Overdue() + t.CallTimeout() }

// Margin is M, by which a lease is shorter than the silence that makes an
// orphan: the back-dating (B) and the drift of two clocks over T. A tenth of T
// is more than chrony's fastest slew of 8.3 %.
func (t Timing) Margin() time.Duration {
	return t.Slack() + max(t.OrphanAfter/10, 100*time.Millisecond)
}

// Lease is how long an acknowledged beat is good for, counted from the instant
// that it was sent.
func (t Timing) Lease() time.Duration { return t.OrphanAfter - t.Margin() }

// CallTimeout bounds one call to the registry, such that several tries fit into
// a lease before the work must be told to stop.
func (t Timing) CallTimeout() time.Duration { return (t.Lease() - t.StopGrace) / 4 }

// KillMargin is K: that long before the lease's end whatever is left of a
// command is killed. It is longer than the period of a second for which the
// kernel may keep ordinary processes, a guard among them, from a processor that
// a real-time process takes; but at least half of the grace is the command's.
func (t Timing) KillMargin() time.Duration {
	return max(t.LetGo(), min(1200*time.Millisecond, t.StopGrace/2))
}

// LetGo is what work of this process gets to let go of what it holds when it
// has to stop at once, and a peer may work already.
func (t Timing) LetGo() time.Duration { return max(250*time.Millisecond, t.StopGrace/10) }

// The smallest timings that make sense: below them, an ordinary scheduler's
// delay costs a lease.
const (
	MinInterval  = 50 * time.Millisecond
	MinStopGrace = 500 * time.Millisecond
)

// MaxOrphanAfter is the longest T. A term whose holder's record is missing
// blocks its group for as long as the T that the term promises: nobody can see
// whether that holder still works. So there has to be a bound that no record
// can exceed, and a day is more than any fleet waits for.
const MaxOrphanAfter = 24 * time.Hour

// The longest I and G: some T fits every pair of them.
const (
	MaxInterval  = time.Hour
	MaxStopGrace = 12 * time.Hour
)

// Check reports everything that is wrong with the timings, joined, or nil.
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

// inHours is a whole number of hours as people write it.
func inHours(d time.Duration) string { return fmt.Sprintf("%dh", d/time.Hour) }

// fits reports whether T ≥ G + M + 3·B: room for the grace, the margin, and
// three views or beats that come late.
func (t Timing) fits() bool {
	return t.OrphanAfter >= t.StopGrace+t.Margin()+t.Overdue()
}

// SmallestOrphanAfter is the least T, in whole milliseconds, that fits I and G.
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
