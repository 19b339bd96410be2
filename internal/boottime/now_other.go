//go:build !linux && !darwin && !windows

package boottime

import "time"

// Now is the time since this process started. It may stop during a suspend.
func Now() time.Duration { return monotonic() }
