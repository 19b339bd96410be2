//go:build !windows

package boottime

import "time"

var start = time.Now()

// monotonic is the clock where there is no better one.
func monotonic() time.Duration { return time.Since(start) + time.Nanosecond }
