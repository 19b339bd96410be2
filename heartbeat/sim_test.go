package heartbeat

import (
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/simulation"
)

// TestSimulation runs the state machine that ships in a simulated world: five
// hosts with clocks of their own, processes that crash and freeze, work under a
// guard, and a registry that is slow, forgets to answer, and carries requests
// out minutes later. Each seed is one schedule, first of chaos, then of healing,
// during all of which the rules of the protocol are checked from outside.
//
// Longer: go test -run '^TestSimulation$' -sim.hours=100000 -timeout=0 ./heartbeat
func TestSimulation(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	var (
		mu      sync.Mutex
		longest time.Duration
		most    [2]int
		drained [2]int64
	)
	took := simulation.Run(t, simulatedHours, func(seed uint64, broken string) simulation.Schedule {
		w := newWorld(seed, breakage(broken))
		w.run()
		mu.Lock()
		defer mu.Unlock()
		longest = max(longest, w.waited)
		for i := range most {
			most[i] = max(most[i], w.most[i])
			drained[i] += w.drained[i]
		}
		return w.schedule()
	})
	if raceDetector {
		t.Logf("fewer hours than without the race detector")
	}
	t.Logf("%s; after healing one was active within %v; at most %d requests of an instance within an interval, and %d in the background; %d drains returned, %d were cut",
		took, longest.Round(time.Second), most[0], most[1], drained[0], drained[1])
}

func TestSeedReplays(t *testing.T) {
	simulation.Replays(t, 3, func(seed uint64, broken string) simulation.Schedule {
		w := newWorld(seed, breakage(broken))
		w.run()
		return w.schedule()
	})
}

func (w *world) schedule() simulation.Schedule {
	return simulation.Schedule{Lasted: w.now, Violation: w.violation, Tail: w.trace.tail, Lines: int(w.trace.n), Hash: w.trace.hash}
}
