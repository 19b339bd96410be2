package heartbeat

import (
	"flag"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	simHours  = flag.Float64("sim.hours", simulatedHours, "simulated hours")
	simSeed   = flag.Uint64("sim.seed", 0, "replay the schedule of this seed alone")
	simBroken = flag.String("sim.broken", "", "break this in the simulated world")
)

// TestSimulation runs the state machine that ships in a simulated world: five
// hosts with clocks of their own, processes that crash and freeze, work under a
// guard, and a registry that is slow, forgets to answer, and carries requests
// out minutes later. Each seed is one schedule, first of chaos, then of healing,
// during all of which the rules of the protocol are checked from outside.
//
// Longer: go test -run '^TestSimulation$' -sim.hours=100000 -timeout=0 ./heartbeat
func TestSimulation(t *testing.T) {
	if *simSeed > 0 {
		w := newWorld(*simSeed, breakage(*simBroken))
		if w.run() != "" {
			t.Fatalf("seed %d, at %v: %s\n%s", w.seed, w.now, w.violation, w.trace.tail(len(w.trace.ring)))
		}
		return
	}
	var (
		seed, spent atomic.Int64
		longest     atomic.Int64
		most        [2]atomic.Int64
		drained     [2]atomic.Int64
		stop        atomic.Bool
		workers     sync.WaitGroup
		budget      = int64(*simHours * float64(time.Hour))
	)
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for !stop.Load() && spent.Load() < budget {
				w := newWorld(uint64(seed.Add(1)), breakage(*simBroken))
				w.run()
				spent.Add(int64(w.now))
				raise(&longest, int64(w.waited))
				raise(&most[0], int64(w.most[0]))
				raise(&most[1], int64(w.most[1]))
				drained[0].Add(w.drained[0])
				drained[1].Add(w.drained[1])
				if w.violation != "" && !stop.Swap(true) {
					t.Errorf("after %.1f simulated hours, seed %d (-sim.seed=%d replays it), at %v: %s\n%s",
						time.Duration(spent.Load()).Hours(), w.seed, w.seed, w.now, w.violation, w.trace.tail(60))
				}
			}
		})
	}
	workers.Wait()
	if raceDetector {
		t.Logf("fewer hours than without the race detector")
	}
	t.Logf("%.0f simulated hours in %d schedules, %v; after healing one was active within %v; at most %d requests of an instance within an interval, and %d in the background; %d drains returned, %d were cut", time.Duration(spent.Load()).Hours(), seed.Load(),
		time.Since(began).Round(time.Millisecond), time.Duration(longest.Load()).Round(time.Second), most[0].Load(), most[1].Load(), drained[0].Load(), drained[1].Load())
}

// raise makes a number at least n.
func raise(most *atomic.Int64, n int64) {
	for {
		if m := most.Load(); m >= n || most.CompareAndSwap(m, n) {
			return
		}
	}
}

// TestSeedReplays holds the simulation to its promise.
func TestSeedReplays(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		a, b := newWorld(seed, unbroken), newWorld(seed, unbroken)
		a.run()
		b.run()
		if a.trace.hash != b.trace.hash || a.trace.n != b.trace.n || a.trace.n == 0 {
			t.Errorf("seed %d: two runs differ: %x after %d lines, %x after %d", seed, a.trace.hash, a.trace.n, b.trace.hash, b.trace.n)
		}
	}
}
