//go:build !race

package heartbeat

const (
	raceDetector   = false
	simulatedHours = 1000
)
