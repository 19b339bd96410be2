package heartbeat

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// fakeKillTimer notes the instant for which it is armed.
type fakeKillTimer struct {
	mu   sync.Mutex
	at   time.Duration // 0: it is not
	fail error
}

func (f *fakeKillTimer) Arm(at time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		f.at = at
	}
	return f.fail
}

func (f *fakeKillTimer) Disarm() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = 0
	return nil
}

func (f *fakeKillTimer) Close() error { return nil }

func (f *fakeKillTimer) armed() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func TestKillTimer_IsArmedForTheLeaseWhileTheWorkRuns(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		f := new(fakeKillTimer)
		s.killTimer = f
		a := s.join()
		s.until(time.Second, "works", func() bool { return a.works() == 1 })
		s.always(3*timing.OrphanAfter, "armed for the end of the lease", func() bool {
			left := f.armed() - a.now()
			return left > timing.Lease()-2*timing.Interval && left <= timing.Lease()
		})
		s.reg.set(failRequests(kindBeat))
		time.Sleep(timing.Interval / 4) // one may be under way
		last := f.armed()
		time.Sleep(5 * timing.Interval)
		if got := f.armed(); got != last {
			t.Errorf("armed for %v without a lease, want %v", got, last)
		}
		s.reg.set(nil)
		s.reg.requestHandover(1, uuid.Nil)
		s.until(5*time.Second, "the work is gone", func() bool { return a.works() == 0 })
		s.always(10*time.Second, "not armed without work", func() bool { return f.armed() == 0 })
		s.leaveAll(a)
	})
}

func TestKillTimer_WorkDoesNotStartIfItCannotBeArmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		broken := errors.New("EAGAIN")
		s.killTimer = &fakeKillTimer{fail: broken}
		a := s.join()
		s.until(5*time.Second, "Run has returned", func() bool {
			if a.works() != 0 {
				t.Fatal("works without the kill timer")
			}
			return gone(a)
		})
		if !errors.Is(a.err, broken) {
			t.Errorf("ended with %v", a.err)
		}
		if got := s.reg.terms[0]; got.Open() || len(s.reg.instances) > 0 {
			t.Errorf("not released: %+v, %v", got, s.reg.instances)
		}
	})
}

// The machine stops the work. The end of the caller's context is only an order to the
// machine.
func TestMember_ContextOfTheWorkIsNotTheCallers(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		m, err := New(Config{Registry: newStore(time.Now), Group: "g", Host: "h", Guard: new(fakeGuard)})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		m.now = func() time.Duration { return time.Since(start) + time.Hour }
		ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
		works, ended := make(chan struct{}), make(chan error)
		go func() {
			ended <- m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
				close(works)
				if ctx.Value(key{}) != "value" {
					t.Error("the caller's values are lost")
				}
				<-ctx.Done()
				if cause := context.Cause(ctx); !errors.Is(cause, ErrStopped) {
					t.Errorf("stopped because of %v", cause)
				}
				return ctx.Err()
			})
		}()
		<-works
		cancel(errors.New("the caller's"))
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}
