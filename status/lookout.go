package status

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// LookLimit is how long a look at the registry may take, and what whoever asks
// for one waits at most.
const LookLimit = 2 * time.Second

// Lookout takes pictures for all who ask, probes, viewers and scrapes alike: one
// at a time, each good for a while, a failure too. So however many ask, and
// however slow the registry is, it gets one question at a time.
type Lookout struct {
	look func(context.Context) (Group, error)
	keep time.Duration
	ctx  context.Context // of all looks, until Close
	stop context.CancelFunc

	mu     sync.Mutex
	latest *flight
}

// flight is one look, under way until done is closed.
type flight struct {
	begun time.Time
	done  chan struct{}
	group Group
	err   error
}

// NewLookout returns a lookout whose pictures are good for the time of keep,
// counted from the beginning of the look.
func NewLookout(keep time.Duration, look func(context.Context) (Group, error)) *Lookout {
	l := &Lookout{look: look, keep: keep}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// Look returns the latest picture if it is still good, or else joins the look
// that is under way, or begins one. It takes no longer than LookLimit, even if
// the registry hangs. The picture is shared: do not change it.
func (l *Lookout) Look(ctx context.Context) (Group, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, LookLimit, errLate)
	defer cancel()
	f, err := l.flight()
	if err != nil {
		return Group{}, err
	}
	select {
	case <-f.done:
		return f.group, f.err
	case <-ctx.Done():
		return Group{}, context.Cause(ctx)
	}
}

var errClosed = errors.New("the registry is not asked any more")

// errLate is a context.DeadlineExceeded with words for people.
var errLate = lateError{}

type lateError struct{}

func (lateError) Error() string {
	return fmt.Sprintf("no answer from the registry within %v", LookLimit)
}

func (lateError) Is(target error) bool { return target == context.DeadlineExceeded }

// flight returns the one whose picture is good, or will be.
func (l *Lookout) flight() (*flight, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return nil, errClosed
	}
	if l.latest != nil {
		select {
		case <-l.latest.done:
			if time.Since(l.latest.begun) < l.keep {
				return l.latest, nil
			}
		default:
			return l.latest, nil
		}
	}
	l.latest = &flight{begun: time.Now(), done: make(chan struct{})}
	go l.take(l.latest)
	return l.latest, nil
}

func (l *Lookout) take(f *flight) {
	defer close(f.done)
	defer func() { // a picture that cannot be drawn must not end the work
		if p := recover(); p != nil {
			f.err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(l.ctx, LookLimit, errLate)
	defer cancel()
	f.group, f.err = l.look(ctx)
	if ctx.Err() != nil { // what came too late is not shown to anybody
		f.group, f.err = Group{}, context.Cause(ctx)
	}
}

// Close ends the look that is under way, and returns when it has, or when ctx
// ends. Who asks later gets an error.
func (l *Lookout) Close(ctx context.Context) error {
	l.stop()
	l.mu.Lock()
	f := l.latest
	l.mu.Unlock()
	if f == nil {
		return nil
	}
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the registry's answer: %w", ctx.Err())
	}
}
