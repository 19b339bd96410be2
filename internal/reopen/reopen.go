// Package reopen keeps the registry of an instance usable while the registry's user or
// its password is changed. When the registry refuses the instance, this package opens it
// again, with what the configuration says by then. For the instance that is a short outage:
// if it ends within the lease, the work goes on.
package reopen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Config is what a [Registry] needs. No field may be missing.
type Config struct {
	// Denied reports whether an error says that the registry does not accept the user of
	// this process, or that this user has no right to make the call.
	Denied func(error) bool
	// Open opens the registry with what the configuration says now.
	Open func(context.Context) (store.Backend, error)
	// Lease is how long an acknowledged beat keeps a term. Several attempts have to fit
	// into it.
	Lease time.Duration

	// OnDenied is called with the first refusal after beats that were acknowledged.
	OnDenied func(error)
	// OnOpened is called when the registry was opened again.
	OnOpened func()
	// OnFailed is called with the reason why it could not be opened again, if that is
	// another reason than before.
	OnFailed func(error)
}

// Registry is a backend that is opened again when it refuses the beats of this process. It
// repeats no call; the caller has to try again.
type Registry struct {
	c      Config
	ctx    context.Context // Close cancels it, which aborts a reopening
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu      sync.Mutex
	backend store.Backend
	closed  bool
	denied  bool // whether there was a refusal since the latest acknowledged beat
	opening bool
	next    time.Time // no attempt begins before
	backoff time.Duration
	failure string // the text of the latest error that OnFailed was called with
}

var _ store.Backend = (*Registry)(nil)

const (
	firstBackoff = time.Second
	openTimeout  = 10 * time.Second
	closeTimeout = 2 * time.Second
)

// New returns a registry that uses a backend that is open. It closes the backend.
func New(b store.Backend, c Config) *Registry {
	r := &Registry{c: c, backend: b, backoff: firstBackoff}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// current returns the backend for a call.
func (r *Registry) current() store.Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.backend
}

// through makes a call. If the backend was closed meanwhile because another one replaced
// it, the call did nothing, and is made with that one.
func through[T any](r *Registry, call func(b store.Backend) (T, error)) (T, error) {
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

// afterBeat takes the answer to a beat, or to the registration.
func (r *Registry) afterBeat(err error) {
	switch {
	case err == nil:
		r.mu.Lock()
		r.denied, r.backoff, r.failure = false, firstBackoff, ""
		r.mu.Unlock()
	case r.c.Denied(err):
		r.refused(err, true)
	}
}

// refused begins to open the registry again after a refusal, but not too often. The first
// refusal that counts is that of a beat, because the beats go on renewing the lease if
// only another call is refused. After it every refusal counts, because an instance that
// has lost its lease may send no beats.
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

// open tries to open the registry again, and replaces the backend if that works.
func (r *Registry) open() {
	ctx, cancel := context.WithTimeout(r.ctx, openTimeout)
	defer cancel()
	b, err := r.c.Open(ctx)
	r.mu.Lock()
	r.opening = false
	r.next = time.Now().Add(r.backoff)
	r.backoff = min(2*r.backoff, max(firstBackoff, r.c.Lease/8))
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
	if old != nil { // its watches end, and whoever needs one opens it again
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_ = old.Close(ctx)
	}
}

// Register implements [registry.Registry].
func (r *Registry) Register(ctx context.Context, in registry.Instance) (registry.Ack, error) {
	ack, err := through(r, func(b store.Backend) (registry.Ack, error) { return b.Register(ctx, in) })
	r.afterBeat(err)
	return ack, err
}

// Beat implements [registry.Registry].
func (r *Registry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (registry.Ack, error) {
	ack, err := through(r, func(b store.Backend) (registry.Ack, error) { return b.Beat(ctx, id, s) })
	r.afterBeat(err)
	return ack, err
}

// Close closes the backend. No attempt to open the registry again begins after it.
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
