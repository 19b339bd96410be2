package scheduler

import (
	"testing"

	"github.com/understudy-go/understudy/internal/simulation"
)

// mutant is the scheduler with one rule broken: see [simulation.Mutant].
type mutant struct {
	name   string
	swaps  []swap
	broken breakage
	held   string
}

type swap = simulation.Swap

// mutantHours is how long each mutant may last until it is caught, in simulated hours.
// The unbroken code lasts longer on the same seeds.
const mutantHours = 3000

func simulatedMutants() (list []simulation.Mutant) {
	for _, m := range mutants {
		list = append(list, simulation.Mutant{Name: m.name, Swaps: m.swaps, Broken: string(m.broken), Held: m.held})
	}
	return list
}

func TestMutantsFitTheSource(t *testing.T) {
	simulation.FitTheSource(t, simulatedMutants())
}

// TestSimulationCatchesMutants breaks the rules one by one.
func TestSimulationCatchesMutants(t *testing.T) {
	simulation.Catch(t, simulatedMutants(), mutantHours)
}
