//go:build race

package heartbeat

// The race detector slows the simulation down very much.
const (
	raceDetector   = true
	simulatedHours = 50
)
