package heartbeat

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

// fuse ends this process at the end of the lease, whether it runs or is frozen.
type fuse interface {
	Arm(at time.Duration) error
	Disarm() error
	Close() error
}

func newFuse() (fuse, error) {
	t, err := boottime.NewKillTimer()
	if err != nil {
		return nil, err
	}
	return t, nil
}

// noFuse stands in where the kernel has none.
type noFuse struct{}

func (noFuse) Arm(time.Duration) error { return nil }
func (noFuse) Disarm() error           { return nil }
func (noFuse) Close() error            { return nil }

// layFuse returns the fuse for work in this process. Where the kernel cannot
// have one, people are warned; where it could and does not, that is an error.
func (m *Member) layFuse() (fuse, error) {
	if m.config.Guard != nil {
		return noFuse{}, nil
	}
	f, err := m.fuse()
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, boottime.ErrPID1):
		m.log.Warn().Msg("a frozen process would go on working after its lease: process 1 of a container cannot be killed by its own timer; start it under an init (docker run --init)")
		return noFuse{}, nil
	case errors.Is(err, boottime.ErrUnsupported):
		m.log.Warn().Msg("a frozen process would go on working after its lease: " + runtime.GOOS + " has no timer that ends it; let what the work touches refuse lower terms")
		return noFuse{}, nil
	}
	return nil, fmt.Errorf("heartbeat: timer that ends this process with its lease: %w", err)
}
