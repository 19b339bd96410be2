//go:build !linux && !darwin && !windows

package boottime

import "time"

// Now returns the time since this process started. The clock may stop during a
// suspend.
func Now() time.Duration { return monotonic() }
