package boottime

import (
	"time"

	"golang.org/x/sys/windows"
)

// Now returns the time since the machine booted, including sleep and hibernation.
// It moves in steps of 10 to 16 ms.
func Now() time.Duration { return windows.DurationSinceBoot() }
