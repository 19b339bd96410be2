package heartbeat

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

// killTimer ends this process at the end of the lease, whether the process runs or is
// frozen.
type killTimer interface {
	Arm(at time.Duration) error
	Disarm() error
	Close() error
}

func newKillTimer() (killTimer, error) {
	t, err := boottime.NewKillTimer()
	if err != nil {
		return nil, err
	}
	return t, nil
}

// noKillTimer is for work under a guard, which has a kill timer of its own (package
// worker/internal/guard, killtimer_linux.go), and for where the kernel has no such timer.
type noKillTimer struct{}

func (noKillTimer) Arm(time.Duration) error { return nil }
func (noKillTimer) Disarm() error           { return nil }
func (noKillTimer) Close() error            { return nil }

// openKillTimer returns the kill timer for work in this process. People are warned where
// the kernel has no such timer. Where it has one, but none is left, that is an error.
func (m *Member) openKillTimer() (killTimer, error) {
	if m.config.Guard != nil {
		return noKillTimer{}, nil
	}
	timer, err := m.newKillTimer()
	switch {
	case err == nil:
		return timer, nil
	case errors.Is(err, boottime.ErrPID1):
		m.log.Warn().Msg("a frozen process would go on working after its lease: process 1 of a container cannot be killed by its own timer; start it under an init (docker run --init)")
		return noKillTimer{}, nil
	case errors.Is(err, boottime.ErrUnsupported):
		m.log.Warn().Msg("a frozen process would go on working after its lease: " + runtime.GOOS + " has no timer that ends it; make what the work touches refuse lower terms")
		return noKillTimer{}, nil
	}
	return nil, fmt.Errorf("heartbeat: timer that ends this process with its lease: %w", err)
}
