package boottime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now returns the time since the machine booted, including sleep. Apple documents
// this of CLOCK_MONOTONIC, but not of the clock that Go's runtime uses.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return monotonic()
	}
	return time.Duration(ts.Nano())
}
