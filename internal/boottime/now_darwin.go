package boottime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now is the time since the machine booted, sleep included: so Apple documents
// CLOCK_MONOTONIC, unlike the clock that Go's runtime uses.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return monotonic()
	}
	return time.Duration(ts.Nano())
}
