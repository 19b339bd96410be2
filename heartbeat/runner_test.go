package heartbeat

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// unheeding is a registry that ignores the contexts of views, from some time on.
type unheeding struct {
	registry.Registry
	on      atomic.Bool
	views   atomic.Int64
	release chan struct{}
}

func (d *unheeding) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	if d.on.Load() {
		d.views.Add(1)
		<-d.release
	}
	return d.Registry.View(ctx, group, except...)
}

func TestRunner_RequestEndsInTimeAlthoughTheRegistryDoesNotHeedIt(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		d := &unheeding{Registry: s.reg, release: make(chan struct{})}
		defer close(d.release)
		a := s.joinFirst()
		b := s.join(func(c *Config) { c.Registry = d })
		time.Sleep(3 * time.Second)
		d.on.Store(true)
		took := s.until(timing.CallTimeout()+2*timing.Slack(), "views again", func() bool { return d.views.Load() == 2 })
		if took < timing.CallTimeout() {
			t.Errorf("views again after %v", took)
		}
		b.leave()
		s.until(time.Second, "has left", func() bool { return gone(b) })
		s.leaveAll(a)
	})
}

// fragile is a registry whose watch breaks when a test says so.
type fragile struct {
	registry.Registry
	asked   atomic.Int64
	mu      sync.Mutex
	broken  bool
	changes chan registry.Notice
}

func (f *fragile) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	f.asked.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		return nil, errNetwork
	}
	f.changes = make(chan registry.Notice)
	context.AfterFunc(ctx, func() { f.set(true) })
	return f.changes, nil
}

func (f *fragile) set(broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = broken
	if broken && f.changes != nil {
		close(f.changes)
		f.changes = nil
	}
}

func TestRunner_PollsWhileAWatchIsBrokenAndAsksForAnother(t *testing.T) {
	timing := registry.DefaultTiming
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t)
		var views atomic.Int64
		s.reg.set(func(k kind, _ registry.Instance) fate {
			if k == kindView {
				views.Add(1)
			}
			return fine
		})
		f := &fragile{Registry: s.reg}
		a := s.joinFirst(func(c *Config) { c.Registry = f })
		time.Sleep(5 * time.Second)
		count := func() int64 {
			views.Store(0)
			time.Sleep(4 * timing.Slack())
			return views.Load()
		}
		watched, polled := int64(4), int64(4*timing.Slack()/timing.Interval)
		if n := count(); n > watched+1 {
			t.Errorf("%d views while watched, want %d", n, watched)
		}
		f.set(true)
		if n := count(); n < polled {
			t.Errorf("%d views while the watch was broken, want %d", n, polled)
		}
		if n := f.asked.Load(); n < 3 { // 4*B hold two pauses of up to 3*B/2 at least
			t.Errorf("asked %d times for a watch", n)
		}
		f.set(false)
		time.Sleep(2 * timing.Slack())
		if n := count(); n > watched+1 {
			t.Errorf("%d views while watched again, want %d", n, watched)
		}
		s.leaveAll(a)
	})
}
