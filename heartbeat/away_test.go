package heartbeat

import (
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// Perhaps all instances were away, as when a host pauses all of its machines. So a holder
// that wakes at the same time gets its margin to beat.
func TestMachine_AfterAGapTheHolderGetsTheMargin(t *testing.T) {
	timing := registry.DefaultTiming
	for _, tt := range []struct {
		name    string
		beats   bool // within the margin after the gap
		deposed bool
	}{{"the holder was away too", true, false}, {"the holder is dead", false, true}} {
		t.Run(tt.name, func(t *testing.T) {
			p := newParticipant(t, timing)
			holder := p.peer(timing)
			p.begin(1, holder)
			for range 10 {
				p.beat(holder)
				p.pass(timing.Interval)
			}
			p.run(timing.Slack()) // a view has shown the last beat
			p.pass(2 * timing.OrphanAfter)
			for range timing.Margin()/timing.Interval - 1 {
				p.pass(timing.Interval)
			}
			if !p.registered(holder) {
				t.Fatal("deposed within the margin")
			}
			if tt.beats {
				p.beat(holder)
			}
			for range 5 {
				p.pass(timing.Interval)
			}
			if p.registered(holder) == tt.deposed {
				t.Errorf("the holder is registered: %v", p.registered(holder))
			}
		})
	}
}

func TestMachine_AfterAGapPassiveInstancesGetTheMargin(t *testing.T) {
	timing := registry.DefaultTiming
	p := newActive(t, timing)
	peer := p.peer(timing)
	p.run(40 * timing.Interval)
	p.pass(35 * timing.Interval) // away for less than the lease
	p.run(timing.Margin() - timing.Interval)
	if !p.registered(peer) {
		t.Fatal("deleted within the margin")
	}
	p.beat(peer)
	p.run(timing.OrphanAfter - timing.Slack())
	if !p.registered(peer) {
		t.Fatal("deleted although it beat")
	}
	p.run(timing.Slack() + 2*p.m.sweepEvery()) // listed at the first sweep that finds it silent, and found to be an orphan at the last
	if p.registered(peer) {
		t.Error("never deleted")
	}
}

// A term may have begun while this instance was away, and may have been lost, so a takeover
// begins again with a view that is sent after that.
func TestMachine_TakeoverDoesNotGoOnAfterAGap(t *testing.T) {
	timing := registry.DefaultTiming
	for _, k := range []kind{kindView, kindCandidate, kindClaimant} {
		t.Run(string(k), func(t *testing.T) {
			p, holder := newPassive(t, timing, 3*timing.Interval)
			p.end(1, holder)
			p.fateOf = fateOfKinds(hung, k)
			for end := p.now + 2*timing.Slack(); len(p.hung) == 0 && p.now < end; {
				p.run(timing.Interval / 10)
			}
			if len(p.hung) != 1 || p.hung[0].kind != k {
				t.Fatalf("%d requests hang", len(p.hung))
			}
			before := p.hung[0]
			p.hung, p.fateOf = nil, fateOfKinds(hung, kindView)
			p.pass(3 * timing.Interval)
			p.tell(p.apply(before))
			if n := len(p.requests(kindBeginTerm)); n > 0 || len(p.hung) != 1 {
				t.Errorf("%d terms were begun, %d views hang; want a view first", n, len(p.hung))
			}
			p.release()
			p.run(4 * timing.Interval)
			if !p.m.tenure.work.running {
				t.Error("the takeover does not begin again")
			}
		})
	}
}

// Nor does the work of a term start by a view of the time before.
func TestMachine_WorkDoesNotStartByAViewFromBeforeAGap(t *testing.T) {
	timing := registry.DefaultTiming
	p := newParticipant(t, timing)
	p.fateOf = func(c request) fate {
		if c.kind == kindView && p.m.tenure.held.number > 0 {
			return hung
		}
		return fine
	}
	p.run(timing.Interval / 2)
	if len(p.hung) != 1 || p.reg.latest().Holder != p.m.registration.id {
		t.Fatalf("%d views hang, the latest term is %+v", len(p.hung), p.reg.latest())
	}
	before := p.apply(p.hung[0])
	p.hung = nil
	p.pass(3 * timing.Interval)
	p.tell(before)
	if p.m.tenure.work.running || len(p.hung) != 1 {
		t.Errorf("works: %v, %d views hang", p.m.tenure.work.running, len(p.hung))
	}
	p.release()
	if !p.m.tenure.work.running {
		t.Error("does not work")
	}
}
