package heartbeat

import (
	"testing"

	"github.com/understudy-go/understudy/internal/simulation"
)

// mutantHours is how long each mutant may last until it is caught, in simulated hours.
// The unbroken code lasts longer on the same seeds.
const mutantHours = 2500

func TestMutantsFitTheSource(t *testing.T) {
	simulation.FitTheSource(t, mutants)
}

// TestSimulationCatchesMutants breaks the rules one by one.
func TestSimulationCatchesMutants(t *testing.T) {
	simulation.Catch(t, mutants, mutantHours)
}
