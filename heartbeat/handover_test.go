package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// A handover request looks too old, or in the future, because the registry's clock has
// stepped since the latest beat. The next beat tells the right time.
func TestMachine_FollowsAHandoverRequestOnceABeatCorrectsTheClock(t *testing.T) {
	timing := registry.DefaultTiming
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			p := newActive(t, timing)
			p.yields = true
			clock := p.reg.clock
			p.reg.clock = func() time.Time { return clock().Add(step) }
			p.reg.requestHandover(1, uuid.Nil)
			p.tell(woken{})
			if !p.m.tenure.work.running {
				t.Fatal("follows a request that is an hour away by its clock")
			}
			p.run(3 * timing.Interval)
			if p.m.tenure.work.running {
				t.Error("the request is dropped for good")
			}
		})
	}
}

// A request that a later beat has settled is not new again when the clock is set back.
func TestMachine_ExpiredHandoverRequestStaysExpired(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.fateOf = fateOfKinds(broke, kindView)
	p.reg.requestHandover(1, uuid.Nil)
	p.run(timing.RequestLife() + timing.Slack())
	p.fateOf = nil
	p.run(5 * timing.Interval)
	if !p.m.tenure.work.running || p.m.tenure.work.stopping {
		t.Fatal("follows a request that has expired")
	}
	clock := p.reg.clock
	p.reg.clock = func() time.Time { return clock().Add(-timing.RequestLife() - timing.Slack()) }
	p.run(10 * timing.Interval)
	if !p.m.tenure.work.running || p.m.tenure.work.stopping {
		t.Error("follows a request that had expired before the clock was set back")
	}
}

// One view of the holder hangs until it times out. The next one finds the request.
func TestMachine_HandoverRequestOutlivesOneHungView(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	p.yields = true
	p.fateOf = fateOfKinds(hung, kindView)
	p.run(timing.Interval)
	if len(p.hung) != 1 {
		t.Fatalf("%d views hang", len(p.hung))
	}
	p.reg.requestHandover(1, uuid.Nil)
	p.fateOf = nil
	for p.m.tenure.work.running && len(p.hung) > 0 {
		p.run(timing.Interval / 4)
		p.hungTimesOut()
	}
	p.run(2 * timing.Interval)
	if p.m.tenure.work.running || p.reg.latest().Open() {
		t.Error("the request was lost with the view")
	}
}
