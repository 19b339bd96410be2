//go:build race

package heartbeat

// The race detector slows the simulation down by far.
const (
	raceDetector   = true
	simulatedHours = 50
)
