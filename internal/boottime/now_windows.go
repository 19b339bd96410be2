package boottime

import (
	"time"

	"golang.org/x/sys/windows"
)

// Now is the time since the machine booted, sleep and hibernation included. It
// moves in steps of 10 to 16 ms.
func Now() time.Duration { return windows.DurationSinceBoot() }
