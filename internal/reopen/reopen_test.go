package reopen

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

var errDenied = errors.New("denied")

// fake is a backend whose calls return an error that the test sets.
type fake struct {
	store.Backend
	err    atomic.Pointer[error]
	closed atomic.Bool
	beats  atomic.Int64
}

func newFake(err error) *fake {
	f := &fake{}
	f.err.Store(&err)
	return f
}

func (f *fake) Beat(context.Context, uuid.UUID, registry.Status) (registry.Ack, error) {
	if f.closed.Load() {
		return registry.Ack{}, fmt.Errorf("beat: %w", registry.ErrClosed)
	}
	f.beats.Add(1)
	return registry.Ack{At: time.Now()}, *f.err.Load()
}

func (f *fake) View(context.Context, string, ...uuid.UUID) (registry.View, error) {
	if f.closed.Load() {
		return registry.View{}, fmt.Errorf("view: %w", registry.ErrClosed)
	}
	return registry.View{}, *f.err.Load()
}

func (f *fake) Close(context.Context) error {
	if f.closed.Swap(true) {
		return registry.ErrClosed
	}
	return nil
}

// calls counts the calls of the functions of a Config.
type calls struct{ denied, opened, failed int }

// over returns a registry over a backend, and how often it calls the functions of its Config.
func over(b store.Backend, open func(context.Context) (store.Backend, error)) (*Registry, *calls) {
	n := new(calls) // it changes under the lock of the registry
	return New(b, Config{
		Denied: func(err error) bool { return errors.Is(err, errDenied) }, Open: open, Lease: 40 * time.Second,
		OnDenied: func(error) { n.denied++ }, OnOpened: func() { n.opened++ }, OnFailed: func(error) { n.failed++ },
	}), n
}

func beat(t *testing.T, r *Registry) error {
	t.Helper()
	_, err := r.Beat(t.Context(), uuid.Nil, registry.Status{})
	return err
}

func TestRegistry_IsOpenedAnewAfterARefusedBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newFake(nil), newFake(nil)
		r, n := over(old, func(context.Context) (store.Backend, error) { return next, nil })
		if err := beat(t, r); err != nil {
			t.Fatal(err)
		}
		old.err.Store(&errDenied)
		if err := beat(t, r); !errors.Is(err, errDenied) || !errors.Is(err, registry.ErrRefused) {
			t.Errorf("got %v, want the refusal as ErrRefused", err)
		}
		synctest.Wait()
		if err := beat(t, r); err != nil || next.beats.Load() != 1 {
			t.Errorf("after it was opened again: %v", err)
		}
		if !old.closed.Load() {
			t.Error("the backend that was replaced is still open")
		}
		if want := (calls{denied: 1, opened: 1}); *n != want {
			t.Errorf("the functions of Config were called %+v, want %+v", *n, want)
		}
		if err := r.Close(t.Context()); err != nil || !next.closed.Load() {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestRegistry_IsNotOpenedAnewWithoutNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFake(errors.New("no answer"))
		r, n := over(b, func(context.Context) (store.Backend, error) { panic("opened") })
		_ = beat(t, r) // an outage
		b.err.Store(&errDenied)
		if _, err := r.View(t.Context(), "g"); !errors.Is(err, errDenied) {
			t.Errorf("View: %v", err)
		}
		synctest.Wait()
		if *n != (calls{}) {
			t.Errorf("the functions of Config were called %+v, want none", *n)
		}
		_ = r.Close(t.Context())
	})
}

func TestRegistry_IsOpenedEverLessOftenWhileThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		r, n := over(newFake(errDenied), func(context.Context) (store.Backend, error) {
			opens++
			return nil, errors.New("the old password")
		})
		begun := time.Now()
		_ = beat(t, r)
		for time.Since(begun) < 10*time.Minute { // without a lease there are no beats
			_, _ = r.View(t.Context(), "g")
			time.Sleep(50 * time.Millisecond)
		}
		synctest.Wait()
		if want := (calls{denied: 1, failed: 1}); *n != want {
			t.Errorf("the functions of Config were called %+v, want %+v", *n, want)
		}
		if least, most := 100, 130; opens < least || opens > most { // each 5 s in the end: an eighth of the lease
			t.Errorf("opened %d times in ten minutes, want %d to %d", opens, least, most)
		}
		_ = r.Close(t.Context())
	})
}

func TestRegistry_IsOpenedEverLessOftenWhileItRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened []*fake
		r, _ := over(newFake(errDenied), func(context.Context) (store.Backend, error) {
			opened = append(opened, newFake(errDenied))
			return opened[len(opened)-1], nil
		})
		for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(50 * time.Millisecond) {
			_ = beat(t, r)
		}
		synctest.Wait()
		if len(opened) > 20 {
			t.Errorf("opened %d times in a minute", len(opened))
		}
		_ = r.Close(t.Context())
		for i, b := range opened {
			if !b.closed.Load() {
				t.Errorf("backend %d is still open", i+1)
			}
		}
	})
}

func TestRegistry_MakesACallAgainIfTheBackendWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newFake(nil), newFake(nil)
		r, _ := over(old, nil)
		made := 0
		_, err := through(r, func(b store.Backend) (none, error) {
			if made++; made == 1 { // the backend is replaced before the call is made
				r.mu.Lock()
				r.backend = next
				r.mu.Unlock()
				_ = old.Close(t.Context())
			}
			_, err := b.View(t.Context(), "g")
			return none{}, err
		})
		if err != nil || made != 2 {
			t.Errorf("%d calls, %v; want 2 and no error", made, err)
		}
		_ = r.Close(t.Context())
		if _, err := r.View(t.Context(), "g"); !errors.Is(err, registry.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestClose_LeavesNothingOpenWhileTheRegistryIsOpenedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newFake(errDenied), newFake(nil)
		r, n := over(old, func(ctx context.Context) (store.Backend, error) {
			<-ctx.Done() // it opens the registry anyway
			return next, nil
		})
		_ = beat(t, r)
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		if !old.closed.Load() || !next.closed.Load() || n.opened != 0 {
			t.Errorf("left open: the old %v, the new %v; the functions of Config were called %+v", !old.closed.Load(), !next.closed.Load(), *n)
		}
	})
}
