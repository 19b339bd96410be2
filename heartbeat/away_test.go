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
