//go:build !windows

package boottime

import "time"

var start = time.Now()

// monotonic is the clock of systems without a better one. It is never 0.
func monotonic() time.Duration { return time.Since(start) + time.Nanosecond }
