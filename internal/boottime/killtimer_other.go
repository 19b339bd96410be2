//go:build !linux

package boottime

import "time"

// KillTimer does not exist on this system.
type KillTimer struct{}

// NewKillTimer returns ErrUnsupported.
func NewKillTimer() (*KillTimer, error) { return nil, ErrUnsupported }

// Arm does nothing.
func (*KillTimer) Arm(time.Duration) error { return ErrUnsupported }

// Disarm does nothing.
func (*KillTimer) Disarm() error { return nil }

// Close does nothing.
func (*KillTimer) Close() error { return nil }
