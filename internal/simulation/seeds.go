// Package simulation has what the simulations of heartbeat and of jobs/scheduler share:
// the run over many seeds, and the mutants that such a run has to catch.
package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	hoursFlag = flag.Float64("sim.hours", 0, "simulated hours; 0: as many as the tests of the package usually simulate")
	seedFlag  = flag.Uint64("sim.seed", 0, "replay the schedule of this seed alone")
	broken    = flag.String("sim.broken", "", "break this in the simulated world")
)

// Schedule is what one seed made happen in a simulated world.
type Schedule struct {
	Lasted    time.Duration // of simulated time
	Violation string        // what rule was broken, if one was
	// Tail returns the last lines of the trace. Lines is how many it had, and Hash is
	// over all of them.
	Tail   func(lines int) string
	Lines  int
	Hash   uint64
	Counts map[string]int // of what happened, if the package counts that
}

// Simulate runs the schedule of a seed, in a world that breaks one rule on purpose unless
// broken is empty. Several run at the same time.
type Simulate func(seed uint64, broken string) Schedule

// Run simulates the schedules of one seed after another, for so many hours unless the flag
// says otherwise, or that of one seed alone. It returns how long that took, for the log.
func Run(t *testing.T, hours float64, simulate Simulate) string {
	t.Helper()
	began := time.Now()
	if *seedFlag > 0 {
		s := simulate(*seedFlag, *broken)
		if s.Violation != "" {
			t.Fatalf("seed %d, at %v: %s\n%s", *seedFlag, s.Lasted, s.Violation, s.Tail(s.Lines))
		}
		if s.Counts != nil {
			t.Log(s.Counts)
		}
		return took(s.Lasted, 1, began)
	}
	if *hoursFlag > 0 {
		hours = *hoursFlag
	}
	var (
		seed, spent atomic.Int64
		stop        atomic.Bool
		workers     sync.WaitGroup
		budget      = int64(hours * float64(time.Hour))
	)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for !stop.Load() && spent.Load() < budget {
				n := uint64(seed.Add(1))
				s := simulate(n, *broken)
				spent.Add(int64(s.Lasted))
				if s.Violation != "" && !stop.Swap(true) {
					t.Errorf("after %.1f simulated hours, seed %d (-sim.seed=%d replays it), at %v: %s\n%s", // as violationOf reads it
						time.Duration(spent.Load()).Hours(), n, n, s.Lasted, s.Violation, s.Tail(60))
				}
			}
		})
	}
	workers.Wait()
	return took(time.Duration(spent.Load()), seed.Load(), began)
}

func took(simulated time.Duration, schedules int64, began time.Time) string {
	return fmt.Sprintf("%.0f simulated hours in %d schedules, %v", simulated.Hours(), schedules, time.Since(began).Round(time.Millisecond))
}

// Replays holds the simulation to its promise that a seed decides all of its schedule. It
// runs each of the first seeds twice.
func Replays(t *testing.T, seeds uint64, simulate Simulate) {
	t.Helper()
	for seed := uint64(1); seed <= seeds; seed++ {
		a, b := simulate(seed, ""), simulate(seed, "")
		if a.Hash != b.Hash || a.Lines != b.Lines || a.Lines == 0 {
			t.Errorf("seed %d: two runs differ: %x after %d lines, %x after %d", seed, a.Hash, a.Lines, b.Hash, b.Lines)
		}
	}
}
