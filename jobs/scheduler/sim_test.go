package scheduler

import (
	"flag"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

var (
	simHours  = flag.Float64("sim.hours", 60, "simulated hours")
	simSeed   = flag.Uint64("sim.seed", 0, "replay the schedule of this seed alone")
	simBroken = flag.String("sim.broken", "", "break this in the simulated store")
)

// TestSimulation runs the machine that ships in a simulated world: holders that crash,
// freeze, lose the registry, drain and are told to stop; a store that forgets to answer
// and carries requests out minutes later; a registry's clock that is set; people; and a
// file that is edited. Each seed is one schedule, first of chaos, then of calm, during all
// of which the rules are checked from outside.
//
// Longer: go test -run '^TestSimulation$' -sim.hours=10000 -timeout=0 ./jobs/scheduler
func TestSimulation(t *testing.T) {
	if *simSeed > 0 {
		w := newWorld(*simSeed, breakage(*simBroken))
		if w.run() != "" {
			t.Fatalf("seed %d, at %v: %s\n%s", w.seed, w.now, w.violation, w.trace.tail(len(w.trace.ring)))
		}
		t.Log(w.summary())
		return
	}
	var (
		seed, spent atomic.Int64
		stop        atomic.Bool
		workers     sync.WaitGroup
		budget      = int64(*simHours * float64(time.Hour))
	)
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for !stop.Load() && spent.Load() < budget {
				w := newWorld(uint64(seed.Add(1)), breakage(*simBroken))
				w.run()
				spent.Add(int64(w.now))
				if w.violation != "" && !stop.Swap(true) {
					t.Errorf("after %.1f simulated hours, seed %d (-sim.seed=%d replays it), at %v: %s\n%s",
						time.Duration(spent.Load()).Hours(), w.seed, w.seed, w.now, w.violation, w.trace.tail(60))
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%.0f simulated hours in %d schedules, %v", time.Duration(spent.Load()).Hours(), seed.Load(), time.Since(began).Round(time.Millisecond))
}

// TestSeedReplays holds the simulation to its promise.
func TestSeedReplays(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		a, b := newWorld(seed, unbroken), newWorld(seed, unbroken)
		a.run()
		b.run()
		if a.trace.hash != b.trace.hash || a.trace.n != b.trace.n || a.trace.n == 0 {
			t.Errorf("seed %d: two runs differ: %x after %d lines, %x after %d", seed, a.trace.hash, a.trace.n, b.trace.hash, b.trace.n)
		}
	}
}

// summary counts what happened.
func (w *world) summary() map[string]int {
	count := map[string]int{"terms": int(w.term), "attempts": len(w.started), "children": len(w.children), "pruned": len(w.store.pruned), "retried": w.store.retried}
	for _, r := range w.store.runs {
		count[string(r.State)]++
		count["interruptions"] += r.Interruptions
		if r.State == store.Skipped && r.Slot.IsZero() {
			count["skipped without a slot"]++
		}
	}
	return count
}
