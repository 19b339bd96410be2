package heartbeat

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// A request seems to be of the past, or of the future, by the clock that the last
// beat told: that clock has stepped since. The next beat tells the right one.
func TestRequestJudgedByAClockThatABeatCorrectsIsHeeded(t *testing.T) {
	timing := registry.DefaultTiming
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			p := newLeader(t, timing)
			p.yields = true
			clock := p.reg.clock
			p.reg.clock = func() time.Time { return clock().Add(step) }
			p.reg.requestHandover(1, uuid.Nil)
			p.tell(woken{})
			if !p.m.tenure.work.running {
				t.Fatal("heeds a request that is an hour away by its clock")
			}
			p.live(3 * timing.Interval)
			if p.m.tenure.work.running {
				t.Error("the request is dropped for good")
			}
		})
	}
}

// Once it was judged by a beat from after it was seen, it is not new again by a
// clock that is set back.
func TestRequestThatHasExpiredStaysSo(t *testing.T) {
	timing := registry.DefaultTiming
	p := newLeader(t, timing)
	p.befall = befalls(broke, kindView)
	p.reg.requestHandover(1, uuid.Nil)
	p.live(timing.RequestLife() + timing.Slack())
	p.befall = nil
	p.live(5 * timing.Interval)
	if !p.m.tenure.work.running || p.m.tenure.work.stopping {
		t.Fatal("heeds a request that has expired")
	}
	clock := p.reg.clock
	p.reg.clock = func() time.Time { return clock().Add(-timing.RequestLife() - timing.Slack()) }
	p.live(10 * timing.Interval)
	if !p.m.tenure.work.running || p.m.tenure.work.stopping {
		t.Error("heeds a request that had expired before the clock was set back")
	}
}

// One call of the addressee hangs until its time is over; the next finds the request.
func TestRequestOutlivesOneHungView(t *testing.T) {
	timing := registry.DefaultTiming
	p := newLeader(t, timing)
	p.yields = true
	p.befall = befalls(hung, kindView)
	p.live(timing.Interval)
	if len(p.hung) != 1 {
		t.Fatalf("%d views hang", len(p.hung))
	}
	p.reg.requestHandover(1, uuid.Nil)
	p.befall = nil
	for p.m.tenure.work.running && len(p.hung) > 0 {
		p.live(timing.Interval / 4)
		p.hungTimesOut()
	}
	p.live(2 * timing.Interval)
	if p.m.tenure.work.running || p.reg.latest().Open() {
		t.Error("the request was lost with the view")
	}
}
