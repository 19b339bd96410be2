// Package reopen keeps the registry of an instance open while its user or the
// password is changed: when the registry refuses the instance, it is opened anew,
// with what the configuration says by then. The instance goes on as after a short
// outage, and so does its work, if that is done within the lease.
package reopen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Config is what a [Registry] needs. Nothing may be missing.
type Config struct {
	// Denied reports whether an error says that the registry does not take, or not
	// any more, this process for one that may do what it asked for.
	Denied func(error) bool
	// Open opens the registry with what the configuration says now.
	Open func(context.Context) (registry.Backend, error)
	// Lease is how long an acknowledged beat is good for: several tries have to fit
	// into it.
	Lease time.Duration

	// OnDenied is told of the first refusal after beats that were acknowledged.
	OnDenied func(error)
	// OnOpened is told when the registry was opened anew.
	OnOpened func()
	// OnFailed is told why it could not be, if that is another reason than before.
	OnFailed func(error)
}

// Registry is a backend that is opened anew when it refuses the beats of this
// process. It repeats no call: who made it tries again.
type Registry struct {
	c      Config
	ctx    context.Context // of opening anew
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu      sync.Mutex
	backend registry.Backend
	closed  bool
	denied  bool // since the latest beat that was acknowledged
	opening bool
	next    time.Time // not to be opened before
	pause   time.Duration
	failure string // the latest that OnFailed was told of
}

var _ registry.Backend = (*Registry)(nil)

const (
	firstPause  = time.Second
	openTimeout = 10 * time.Second
	closeWithin = 2 * time.Second
)

// New takes over a backend that is open.
func New(b registry.Backend, c Config) *Registry {
	r := &Registry{c: c, backend: b, pause: firstPause}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// current is the backend for a call.
func (r *Registry) current() registry.Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.backend
}

// through makes a call. One that came too late for a backend that was replaced
// did nothing, and is made with the next.
func through[T any](r *Registry, call func(b registry.Backend) (T, error)) (T, error) {
	for {
		b := r.current()
		result, err := call(b)
		if errors.Is(err, registry.ErrClosed) && r.current() != b {
			continue
		}
		if r.c.Denied(err) {
			r.refused(err, false)
			if !errors.Is(err, registry.ErrRefused) {
				err = fmt.Errorf("%w: %w", registry.ErrRefused, err)
			}
		}
		return result, err
	}
}

// beaten takes the answer to a beat, or to the registration.
func (r *Registry) beaten(err error) {
	switch {
	case err == nil:
		r.mu.Lock()
		r.denied, r.pause, r.failure = false, firstPause, ""
		r.mu.Unlock()
	case r.c.Denied(err):
		r.refused(err, true)
	}
}

// refused sees that the registry is opened anew, but not too often. No other call
// than a beat is the first to count: without the right to one of them the lease
// is kept all the same. But beats may have ended with the lease.
func (r *Registry) refused(err error, beat bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || !beat && !r.denied {
		return
	}
	if !r.denied {
		r.denied = true
		r.c.OnDenied(err)
	}
	if r.opening || time.Now().Before(r.next) {
		return
	}
	r.opening = true
	r.wait.Go(r.open)
}

func (r *Registry) open() {
	ctx, cancel := context.WithTimeout(r.ctx, openTimeout)
	defer cancel()
	b, err := r.c.Open(ctx)
	r.mu.Lock()
	r.opening = false
	r.next = time.Now().Add(r.pause)
	r.pause = min(2*r.pause, max(firstPause, r.c.Lease/8))
	old := b
	switch {
	case err != nil:
		old = nil
		if text := err.Error(); !r.closed && text != r.failure {
			r.failure = text
			r.c.OnFailed(err)
		}
	case !r.closed:
		old, r.backend = r.backend, b
		r.c.OnOpened()
	}
	r.mu.Unlock()
	if old != nil { // its watches end, and are begun anew by who needs them
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		_ = old.Close(ctx)
	}
}

// Register implements [registry.Registry].
func (r *Registry) Register(ctx context.Context, in registry.Instance) (time.Time, error) {
	at, err := through(r, func(b registry.Backend) (time.Time, error) { return b.Register(ctx, in) })
	r.beaten(err)
	return at, err
}

// Beat implements [registry.Registry].
func (r *Registry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (time.Time, error) {
	at, err := through(r, func(b registry.Backend) (time.Time, error) { return b.Beat(ctx, id, s) })
	r.beaten(err)
	return at, err
}

// Close closes what is open, and opens nothing any more.
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	b := r.backend
	r.mu.Unlock()
	r.cancel()
	over := make(chan none)
	go func() {
		r.wait.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
	return b.Close(ctx)
}
