package scheduler

import (
	"runtime/debug"
	"testing"

	"github.com/understudy-go/understudy/internal/simulation"
	"github.com/understudy-go/understudy/jobs/store"
)

// TestSimulation runs the machine that ships in a simulated world: holders that crash,
// freeze, lose the registry, drain and are told to stop; a store that forgets to answer
// and carries requests out minutes later; a registry's clock that is set; people; and a
// file that is edited. Each seed is one schedule, first of chaos, then of calm, during all
// of which the rules are checked from outside.
//
// Longer: go test -run '^TestSimulation$' -sim.hours=10000 -timeout=0 ./jobs/scheduler
func TestSimulation(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	t.Log(simulation.Run(t, 60, simulate))
}

func TestSeedReplays(t *testing.T) {
	simulation.Replays(t, 2, simulate)
}

func simulate(seed uint64, broken string) simulation.Schedule {
	w := newWorld(seed, breakage(broken))
	w.run()
	return simulation.Schedule{Lasted: w.now, Violation: w.violation, Tail: w.trace.tail, Lines: w.trace.n, Hash: w.trace.hash, Counts: w.summary()}
}

// summary counts what happened.
func (w *world) summary() map[string]int {
	count := map[string]int{"terms": int(w.term), "attempts": len(w.started), "not started": len(w.unstarted), "children": len(w.children), "pruned": len(w.store.pruned), "retried": w.store.retried, "settled by wills": w.settled}
	for _, r := range w.store.runs {
		count[string(r.State)]++
		count["interruptions"] += r.Interruptions
		if r.State == store.Skipped && r.Slot.IsZero() {
			count["skipped without a slot"]++
		}
	}
	return count
}
