package status

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
)

// ReadLimit bounds how long it takes to read the registry for one snapshot, and how long
// anybody waits for one.
const ReadLimit = 2 * time.Second

// Lookout shares snapshots, such as those of a group, among all clients: pages, scrapes
// and requests for /status. One snapshot is being taken at a time, and the result, a
// snapshot or an error, is kept for a while. However many clients ask, and however slow
// the registry is, it gets one request at a time.
type Lookout[T any] struct {
	observe func(context.Context) (T, error)
	keep    time.Duration
	ctx     context.Context // of all reads; it ends with Close
	stop    context.CancelFunc

	flights singleflight.Group
	latest  result[T] // touched only within a flight, and there is one at a time
}

// result is a snapshot, or why there is none.
type result[T any] struct {
	begun    time.Time
	snapshot T
	err      error
}

// NewLookout returns a lookout that takes snapshots with the function observe, and keeps
// each result for the given time, counted from the call of that function. The function
// has to return soon after its context ends.
func NewLookout[T any](keep time.Duration, observe func(context.Context) (T, error)) *Lookout[T] {
	l := &Lookout[T]{observe: observe, keep: keep}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// Snapshot returns the latest snapshot if it is fresh enough. Otherwise it waits for the
// one that is being taken, or takes one. It returns within ReadLimit, even if the
// registry hangs. The snapshot is shared: do not change it.
func (l *Lookout[T]) Snapshot(ctx context.Context) (snapshot T, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, ReadLimit, errLate)
	defer cancel()
	select {
	case r := <-l.flights.DoChan("", l.flight):
		return r.Val.(T), r.Err
	case <-ctx.Done():
		return snapshot, context.Cause(ctx)
	}
}

var errClosed = errors.New("the registry is not asked any more")

// errLate is a context.DeadlineExceeded with a text for people.
var errLate = lateError{}

type lateError struct{}

func (lateError) Error() string {
	return fmt.Sprintf("no answer from the registry within %v", ReadLimit)
}

func (lateError) Is(target error) bool { return target == context.DeadlineExceeded }

// flight returns the latest result while it is fresh, or else a new one. It does not end
// with the context of a client, for others may have joined it.
func (l *Lookout[T]) flight() (any, error) {
	var none T
	if l.ctx.Err() != nil {
		return none, errClosed
	}
	if l.latest.begun.IsZero() || time.Since(l.latest.begun) >= l.keep {
		l.latest = l.take()
	}
	return l.latest.snapshot, l.latest.err
}

// take takes a snapshot. A panic becomes an error, since a snapshot that cannot be made
// must not end the work of this process.
func (l *Lookout[T]) take() (r result[T]) {
	var none T
	r.begun = time.Now()
	defer func() {
		if p := recover(); p != nil {
			r.snapshot, r.err = none, fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(l.ctx, ReadLimit, errLate)
	defer cancel()
	r.snapshot, r.err = l.observe(ctx)
	if ctx.Err() != nil { // the result is too old to be shown
		r.snapshot, r.err = none, context.Cause(ctx)
	}
	return r
}

// Close ends the read that is under way, and returns as soon as it has ended, or when
// ctx ends. Later calls of Snapshot return an error.
func (l *Lookout[T]) Close(ctx context.Context) error {
	l.stop()
	select {
	case <-l.flights.DoChan("", l.flight): // either the one under way, or one that asks nobody
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the registry's answer: %w", ctx.Err())
	}
}
