package heartbeat

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Perhaps everyone was away, as when a host pauses all of its machines: a holder
// that wakes at the same time gets its margin to beat.
func TestObserverThatWasAwayGrantsTheMargin(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		name    string
		beats   bool // within the margin after the gap
		deposed bool
	}{{"the holder was away too", true, false}, {"the holder is dead", false, true}} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPuppet(timing)
			holder := uuid.New()
			_, _ = p.reg.Register(t.Context(), registry.Instance{ID: holder, Group: "g", Interval: timing.Interval, OrphanAfter: timing.OrphanAfter})
			_ = p.reg.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: holder, OrphanAfter: timing.OrphanAfter})
			beat := func() { _, _ = p.reg.Beat(t.Context(), holder, registry.Status{}) }
			there := func() bool { _, ok := p.reg.instances[holder]; return ok }
			for range 10 {
				beat()
				p.pass(timing.Interval)
			}
			p.pass(2 * timing.OrphanAfter)
			for range timing.Margin()/timing.Interval - 1 {
				p.pass(timing.Interval)
			}
			if !there() {
				t.Fatal("deposed within the margin")
			}
			if tt.beats {
				beat()
			}
			for range 5 {
				p.pass(timing.Interval)
			}
			if there() == tt.deposed {
				t.Errorf("the holder is registered: %v", there())
			}
		})
	}
}

// puppet is a machine whose calls are answered at once, and whose time passes as
// a test says.
type puppet struct {
	m   *machine
	reg *store
	now time.Duration
}

func newPuppet(timing registry.Timing) *puppet {
	p := &puppet{now: time.Hour}
	epoch := time.Now()
	p.reg = newStore(func() time.Time { return epoch.Add(p.now) })
	p.m = newMachine(settings{self: registry.Instance{Group: "g"}, timing: timing, newID: uuid.New}, p.now)
	return p
}

func (p *puppet) pass(d time.Duration) {
	p.now += d
	for queue := []event{tick{}}; len(queue) > 0; queue = queue[1:] {
		for _, a := range p.m.step(p.now, queue[0]) {
			if c, ok := a.(call); ok {
				queue = append(queue, c.do(context.Background(), p.reg, "g"))
			}
		}
	}
}
