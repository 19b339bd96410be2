package heartbeat

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// fakeDrain is the Drain of a member.
type fakeDrain struct {
	done    chan struct{} // makes it return
	ignores bool          // it ignores its context

	mu    sync.Mutex
	calls int
	now   int // calls that have not returned
	cut   int // calls whose context ended
}

func (d *fakeDrain) drain(ctx context.Context) {
	d.count(&d.calls, 1)
	d.count(&d.now, 1)
	defer d.count(&d.now, -1)
	over := ctx.Done()
	if d.ignores {
		over = nil
	}
	select {
	case <-d.done:
	case <-over:
		d.count(&d.cut, 1)
	}
}

func (d *fakeDrain) count(n *int, more int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*n += more
}

func (d *fakeDrain) counts() (calls, now, cut int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls, d.now, d.cut
}

// draining returns a drain, and lets a member have it.
func draining() (*fakeDrain, func(*Config)) {
	d := &fakeDrain{done: make(chan struct{})}
	return d, func(c *Config) { c.Drain = d.drain }
}

func TestMember_DrainsBeforeItStops(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		d, drains := draining()
		g := new(fakeGuard)
		a := s.joinFirst(drains, underGuard(g))
		b := s.join()
		time.Sleep(2 * timing.Interval)
		a.leave()
		s.until(time.Second, "drains", func() bool { _, now, _ := d.counts(); return now == 1 })
		before, _ := g.told()
		s.always(5*time.Minute, "a works on alone", func() bool { return a.works() == 1 && b.works() == 0 && a.Term() == 1 })
		if after, kills := g.told(); after-before < 5*time.Minute-2*timing.Interval || kills > 0 {
			t.Errorf("the guard's lease is %v longer, killed %d times", after-before, kills)
		}
		if st := a.State(); !st.Leaving || !st.Draining || st.Ready || st.Lease < timing.Lease()-2*timing.Interval {
			t.Errorf("while it drains: %+v", st)
		}
		close(d.done)
		took := s.until(time.Second, "b works", func() bool { return b.works() == 2 })
		t.Logf("b works %v after the drain", took)
		<-a.done
		if calls, now, cut := d.counts(); calls != 1 || now != 0 || cut != 0 || a.err != nil || !errors.Is(a.stopped(), ErrStopped) {
			t.Errorf("%d calls, %d go on, %d cut; stopped by %v, left with %v", calls, now, cut, a.stopped(), a.err)
		}
		if end := s.reg.terms[0].End; end.Reason != registry.Stopped || len(s.reg.instances) != 1 {
			t.Errorf("ended %+v, %d registered", end, len(s.reg.instances))
		}
		s.leaveAll(b)
	})
}

func TestMember_DrainsAtEachHandover(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		d, drains := draining()
		a := s.joinFirst(drains)
		b := s.join()
		time.Sleep(2 * timing.Interval)
		for i := range 3 {
			term := int64(2*i + 1)
			s.reg.requestHandover(term, b.Instance())
			s.until(3*timing.Interval, "drains", func() bool { calls, now, _ := d.counts(); return calls == i+1 && now == 1 })
			if st := a.State(); st.Leaving || !st.Draining || !st.Ready {
				t.Errorf("while it drains: %+v", st)
			}
			s.always(2*timing.OrphanAfter, "a works on alone", func() bool { return a.works() == term && b.works() == 0 })
			d.done <- struct{}{}
			s.until(3*timing.Interval, "the target works", func() bool { return b.works() == term+1 && a.works() == 0 })
			if !errors.Is(a.stopped(), ErrHandedOver) || a.State().Draining {
				t.Errorf("stopped by %v, drains: %v", a.stopped(), a.State().Draining)
			}
			time.Sleep(2 * timing.Interval)
			s.reg.requestHandover(term+1, a.Instance())
			s.until(5*timing.Interval, "a works again", func() bool { return a.works() == term+2 })
			time.Sleep(2 * timing.Interval)
		}
		close(d.done)
		s.leaveAll(b, a)
		if calls, _, cut := d.counts(); calls != 4 || cut != 0 {
			t.Errorf("%d calls, %d of them cut", calls, cut)
		}
	})
}

func TestMember_EndsTheContextOfADrainThatMakesNoSenseAnyMore(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		what      string
		happens   func(s *scenario, a *testMember)
		within    time.Duration
		cause     error
		immediate bool
	}{
		{"told to stop at once", func(_ *scenario, a *testMember) { a.StopNow() }, 0, ErrStopped, true},
		{"deleted", func(s *scenario, a *testMember) { _ = s.reg.store.Unregister(context.Background(), a.Instance()) }, 2 * timing.Interval, ErrTermOver, true},
		{"the registry is away", func(s *scenario, _ *testMember) {
			s.reg.set(func(kind, registry.Instance) fate { return hung })
		}, timing.Lease() - timing.StopGrace, ErrLeaseLost, false},
		{"the work returns", func(_ *scenario, a *testMember) { a.result <- context.Canceled }, 0, nil, false},
	} {
		t.Run(tt.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScenario(t)
				d, drains := draining()
				a := s.joinFirst(drains)
				time.Sleep(2 * timing.Interval)
				a.leave()
				time.Sleep(timing.OrphanAfter)
				tt.happens(s, a)
				s.until(tt.within+100*time.Millisecond, "the drain is cut", func() bool { _, now, cut := d.counts(); return now == 0 && cut == 1 })
				s.until(timing.StopGrace+10*time.Second, "has left", func() bool { return gone(a) })
				i, _ := errors.AsType[Immediate](a.stopped())
				if !errors.Is(a.stopped(), tt.cause) || (i != nil && i.Immediate()) != tt.immediate {
					t.Errorf("the work stopped because of %v", a.stopped())
				}
			})
		})
	}
}

// stopAtOnce is a cause that says that nothing may wait.
type stopAtOnce struct{ error }

func (stopAtOnce) Immediate() bool { return true }

func TestMember_OrderToStopAtOnceDrainsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		d, drains := draining()
		c := Config{Registry: s.reg, Group: "g", Host: "host"}
		drains(&c)
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		m.now = func() time.Duration { return time.Since(s.start) + time.Hour }
		m.newKillTimer = func() (killTimer, error) { return s.killTimer, nil }
		ctx, stop := context.WithCancelCause(t.Context())
		left, cause := make(chan error), make(chan error, 1)
		go func() {
			left <- m.Run(ctx, func(ctx context.Context, _ registry.Term) error {
				<-ctx.Done()
				cause <- context.Cause(ctx)
				return nil
			})
		}()
		s.until(time.Second, "works", func() bool { return m.Term() == 1 })
		stop(stopAtOnce{errors.New("at once")})
		if err := <-left; err != nil {
			t.Errorf("left with %v", err)
		}
		if err := <-cause; !IsImmediate(err) || !errors.Is(err, ErrStopped) {
			t.Errorf("stopped because of %v", err)
		}
		if calls, _, _ := d.counts(); calls > 0 {
			t.Errorf("drains %d times", calls)
		}
	})
}

// A Drain that does not heed its context holds up neither the protocol nor, for longer
// than the stop grace, the end of Run. It is not called again meanwhile.
func TestMember_DrainThatIgnoresItsContextHoldsNothingUp(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		d, drains := draining()
		d.ignores = true
		a := s.joinFirst(drains)
		time.Sleep(2 * timing.Interval)
		s.reg.requestHandover(1, uuid.Nil)
		s.until(3*timing.Interval, "drains", func() bool { _, now, _ := d.counts(); return now == 1 })
		_ = s.reg.store.Unregister(context.Background(), a.Instance())
		s.until(10*timing.Interval, "works again under another UUID", func() bool { return a.works() == 2 })
		time.Sleep(2 * timing.Interval)
		a.leave()
		s.until(time.Second, "the work has stopped", func() bool { return a.works() == 0 })
		took := s.until(timing.StopGrace+time.Second, "has left", func() bool { return gone(a) })
		if calls, now, _ := d.counts(); calls != 1 || now != 1 || took < timing.StopGrace-time.Second {
			t.Errorf("called %d times, %d go on; left after %v", calls, now, took)
		}
		for _, what := range []string{"stopping the work without a drain", "the drain does not return"} {
			if log := a.log.String(); !strings.Contains(log, what) {
				t.Errorf("the log does not say %q:\n%s", what, log)
			}
		}
		close(d.done)
	})
}
