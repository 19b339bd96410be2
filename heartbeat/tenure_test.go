package heartbeat

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// working returns a tenure whose work of term 7 runs since now.
func working() tenure {
	var t tenure
	t.ask(7, other)
	t.begin(*open(7, me), false, now, noon)
	t.start(now)
	return t
}

func TestTenure_TermIsHeldFromTheInstantItIsAskedFor(t *testing.T) {
	var h tenure
	h.ask(7, other)
	if h.held.number != 7 || h.active() {
		t.Errorf("asked for: %+v", h.held)
	}
	if h.lost(6); h.held.number != 7 {
		t.Error("lost by an earlier term of a peer")
	}
	if h.lost(7); h.held.number != 0 {
		t.Error("held although it is a peer's")
	}
	h = working()
	if h.lost(8); h.held.number != 7 {
		t.Error("a term whose work may run is forgotten")
	}
}

func TestTenure_BeginMakesUpForTheEndOfTheTermBefore(t *testing.T) {
	var h tenure
	h.ask(7, other)
	if r := h.begin(*open(7, me), false, now, noon); r != nil {
		t.Errorf("ends %+v, which nobody left open", r)
	}
	h.succeed(open(7, other), observation{id: other, since: now - 60*second, last: noon.Add(-61 * second)})
	r := h.begin(*open(8, me), false, now, noon)
	if r == nil || r.number != 7 || r.id != other || !r.past || r.end.Reason != registry.Orphaned || r.end.Silence != 61*second {
		t.Fatalf("ends %+v", r)
	}
	if r := h.begin(*open(9, me), false, now, noon); r != nil {
		t.Errorf("ends it twice: %+v", r)
	}
}

func TestTenure_WorkWaitsForThePassiveSide(t *testing.T) {
	var h tenure
	h.begin(*open(7, me), true, now, noon)
	if !h.active() || h.work.running || !h.work.waiting {
		t.Errorf("before the passive side has returned: %+v", h.work)
	}
	if h.start(now + second); !h.work.running || h.work.waiting || h.work.since != now+second {
		t.Errorf("after that: %+v", h.work)
	}
}

func TestTenure_WorkIsToldToStopOnceInOrderAndOnceAtOnce(t *testing.T) {
	type order struct {
		immediate bool
		at        time.Duration
		notice    time.Duration
		told      bool
		killAt    time.Duration // after it
	}
	for _, tt := range []struct {
		name   string
		orders []order
	}{
		{"in order", []order{{false, now, 10 * second, true, now + 10*second}}},
		{"in order, twice", []order{{false, now, 10 * second, true, now + 10*second}, {false, now + second, 10 * second, false, now + 10*second}}},
		{"at once", []order{{true, now, 0, true, now}}},
		{"at once, twice", []order{{true, now, second, true, now + second}, {true, now + 500*time.Millisecond, second, false, now + second}}},
		{"in order, then at once", []order{{false, now, 10 * second, true, now + 10*second}, {true, now + second, second, true, now + 2*second}}},
		{"at once, then in order", []order{{true, now, second, true, now + second}, {false, now, 10 * second, false, now + second}}},
		{"at once, when it is killed anyway", []order{{false, now, 10 * second, true, now + 10*second}, {true, now + 9500*time.Millisecond, second, false, now + 10*second}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := working()
			for i, o := range tt.orders {
				if told := h.stop(o.immediate, o.at, o.notice); told != o.told || h.work.killAt != o.killAt {
					t.Errorf("order %d: told: %v, killed at %v, want %v and %v", i, told, h.work.killAt, o.told, o.killAt)
				}
			}
		})
	}
	if h := new(tenure); h.stop(true, now, 0) {
		t.Error("there is no work to be told")
	}
}

func TestTenure_WorkOfThisProcessEndsBeforeItsLease(t *testing.T) {
	timing := registry.DefaultTiming
	h := working()
	h.stop(false, now, timing.StopGrace)
	far, near := now+60*second, now+5*second
	for _, tt := range []struct {
		name    string
		guarded bool
		lease   time.Duration
		want    time.Duration
	}{
		{"in this process, long lease", false, far, now + timing.StopGrace},
		{"in this process, short lease", false, near, near - timing.KillMargin()},
		{"under a guard, long lease", true, far, now + 2*timing.StopGrace},
		{"under a guard, which knows the lease itself", true, near, now + 2*timing.StopGrace},
	} {
		if got := h.killed(tt.guarded, tt.lease, timing); got != tt.want {
			t.Errorf("%s: gone by %v, want %v", tt.name, got-now, tt.want-now)
		}
	}
}

func TestTenure_FirstReasonStands(t *testing.T) {
	h := working()
	h.because(registry.HandedOver)
	if h.because(registry.Stopped); h.held.end.Reason != registry.HandedOver {
		t.Errorf("ends for %q", h.held.end.Reason)
	}
	if h.done(3); h.held.end.Reason != registry.WorkDone || h.held.end.ExitCode != 3 {
		t.Errorf("work that is done ends with %+v", h.held.end)
	}
}

func TestTenure_EndIsDueOnceTheWorkIsGone(t *testing.T) {
	h := working()
	h.because(registry.Stopped)
	h.gone()
	if !h.close(7, now+second) || !h.held.due || h.active() {
		t.Errorf("not due: %+v", h)
	}
	if h.close(7, now+2*second) || h.held.since != now+second {
		t.Error("due twice")
	}
	if r := h.end(me); r.kind != kindEndTerm || r.number != 7 || r.id != me || r.past || r.end.Reason != registry.Stopped {
		t.Errorf("ended by %+v", r)
	}
	if h.overdue(now+61*second-1, 60*second) || !h.overdue(now+61*second, 60*second) {
		t.Error("not overdue after T")
	}
	if h.ended(); h.held.number != 0 || h.close(7, now) {
		t.Errorf("after its end: %+v", h.held)
	}
}

func TestTenure_ResignedTermIsEndedAgain(t *testing.T) {
	h := working()
	h.gone()
	h.close(7, now+second)
	h.ended()
	if h.resigned != 7 || h.resignedAt != now+second {
		t.Fatalf("resigned %d at %v", h.resigned, h.resignedAt)
	}
	h.endAgain(7)
	if r := h.end(me); r.number != 7 || r.end.Reason != registry.Stopped || !h.held.due || h.held.since != now+second {
		t.Errorf("%+v, due since %v", r, h.held.since)
	}
	h = working()
	h.gone()
	if h.close(6, now); h.resigned != 0 {
		t.Error("a term that the registry has lost counts as resigned")
	}
}

func TestTenure_FailingWorkHoldsOffLonger(t *testing.T) {
	const orphanAfter = 60 * second
	h := working()
	h.resign(registry.HandedOver, now+second, orphanAfter)
	if h.holdOff.until != now+second+orphanAfter || h.holdOff.failures != 0 {
		t.Errorf("after a handover: %+v", h.holdOff)
	}
	h = working()
	h.resign(registry.WorkFailed, now+second, orphanAfter)
	if h.holdOff.failures != 1 {
		t.Errorf("after a failure: %+v", h.holdOff)
	}
	h.peerTookOver(8)
	if h.holdOff.failures != 1 || !h.holdOff.active(now+second) {
		t.Errorf("after a peer's term: %+v", h.holdOff)
	}
}

func TestTenure_HoldOffAfterAHandoverEndsWithALaterTermOnly(t *testing.T) {
	h := working()
	h.gone()
	h.resign(registry.HandedOver, now, 60*second)
	h.close(7, now)
	if h.peerTookOver(7); !h.holdOff.active(now + second) {
		t.Error("over without a later term")
	}
	if h.peerTookOver(8); h.holdOff.active(now + second) {
		t.Error("goes on in a later term of a peer")
	}
}

func TestTenure_UnregisteringKeepsTheHoldOff(t *testing.T) {
	h := working()
	h.gone()
	h.resign(registry.WorkFailed, now, 60*second)
	h.close(7, now)
	if h.unregistered(); h.held.number != 0 || h.active() || h.resigned != 7 || !h.holdOff.active(now+second) {
		t.Errorf("left: %+v", h)
	}
	if h.forgetTerms(); h.resigned != 0 {
		t.Error("lost terms leave what was resigned")
	}
}

func TestHandoverRequest_IsSettledByALaterBeat(t *testing.T) {
	var r handoverRequest
	r = r.consider(noon, now, now-1)
	if r.isSettled(noon) {
		t.Error("settled by a beat from before it was seen")
	}
	r = r.consider(noon, now+second, now)
	if r.isSettled(noon) {
		t.Error("settled by a beat of the instant at which it was seen")
	}
	r = r.consider(noon, now+2*second, now+1)
	if !r.isSettled(noon) || r.isSettled(noon.Add(1)) {
		t.Errorf("settled: %+v", r)
	}
	if r = r.consider(noon.Add(1), now+3*second, now+2*second); r.isSettled(noon.Add(1)) || r.isSettled(noon) {
		t.Error("the next request is settled with the previous one")
	}
}
