// Package reopen keeps the registry of an instance open while its user or the
// password is changed: when the registry refuses the instance, it is opened anew,
// with what the configuration says by then. The instance goes on as after a short
// outage, and so does its work, if that is done within the lease.
package reopen

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Backend is a registry for those who elect and for those who look.
type Backend interface {
	registry.Registry
	registry.Admin
}

// Config is what a [Registry] needs. Nothing may be missing.
type Config struct {
	// Denied reports whether an error says that the registry does not take, or not
	// any more, this process for one that may do what it asked for.
	Denied func(error) bool
	// Open opens the registry with what the configuration says now.
	Open func(context.Context) (Backend, error)
	// Lease is how long an acknowledged beat is good for.
	Lease time.Duration

	// OnDenied is told of the first refusal after beats that were acknowledged.
	OnDenied func(error)
	// OnOpened is told when the registry was opened anew.
	OnOpened func()
	// OnFailed is told why it could not be, if that is another reason than before.
	OnFailed func(error)
	// OnLost is told once when the registry has refused for longer than the lease.
	OnLost func(error)
}

// Registry is a backend that is opened anew when it refuses the beats of this
// process. It repeats no call: who made it tries again.
type Registry struct {
	c      Config
	ctx    context.Context // of opening anew
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu      sync.Mutex
	backend Backend
	closed  bool
	granted time.Time // when the latest beat that was acknowledged was sent
	denied  bool      // since then
	lost    bool      // OnLost was called
	opening bool
	next    time.Time // not to be opened before
	pause   time.Duration
	failure string // the latest that OnFailed was told of
}

var _ Backend = (*Registry)(nil)

const (
	firstPause  = time.Second
	openTimeout = 10 * time.Second
	closeWithin = 2 * time.Second
)

// New takes over a backend that is open.
func New(b Backend, c Config) *Registry {
	r := &Registry{c: c, backend: b, granted: time.Now(), pause: firstPause}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// current is the backend for a call.
func (r *Registry) current() Backend {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.backend
}

// through makes a call. One that came too late for a backend that was replaced
// did nothing, and is made with the next.
func through[T any](r *Registry, call func(b Backend) (T, error)) (T, error) {
	for {
		b := r.current()
		result, err := call(b)
		if errors.Is(err, registry.ErrClosed) && r.current() != b {
			continue
		}
		r.mu.Lock()
		if r.denied && !r.closed && r.c.Denied(err) {
			r.refused(err) // beats may have ended with the lease
		}
		r.mu.Unlock()
		return result, err
	}
}

// heard takes the answer to a beat, or to the registration. No other call is the
// first to count: without the right to one of them the lease is kept all the same.
func (r *Registry) heard(sent time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.denied, r.pause, r.failure = false, firstPause, ""
		if sent.After(r.granted) {
			r.granted = sent
		}
	case r.closed || !r.c.Denied(err):
	default:
		r.refused(err)
	}
}

// refused sees that the registry is opened anew, but not too often. The caller
// holds the lock.
func (r *Registry) refused(err error) {
	if !r.denied {
		r.denied = true
		r.c.OnDenied(err)
	}
	if !r.lost && time.Since(r.granted) > r.c.Lease {
		r.lost = true
		r.c.OnLost(err)
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
	sent := time.Now()
	at, err := through(r, func(b Backend) (time.Time, error) { return b.Register(ctx, in) })
	r.heard(sent, err)
	return at, err
}

// Beat implements [registry.Registry].
func (r *Registry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (time.Time, error) {
	sent := time.Now()
	at, err := through(r, func(b Backend) (time.Time, error) { return b.Beat(ctx, id, s) })
	r.heard(sent, err)
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
