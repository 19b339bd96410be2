//go:build race

package heartbeat

import "runtime"

// The race detector slows the simulation down very much.
const (
	raceDetector   = true
	simulatedHours = 50
)

// Two timers of one synctest bubble that are received from on two processors at the same
// time share one context of the race detector, which crashes then (Go 1.26,
// runtime.(*timer).unlockAndRun). A large group has many of them.
func init() { runtime.GOMAXPROCS(1) }
