package boottime

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Now returns the time since the machine booted, including suspends.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return monotonic() // Linux before 2.6.39
	}
	return time.Duration(ts.Nano())
}

// KillTimer has the kernel kill this process at an instant, even if the process does
// not run then: it may be stopped, traced or frozen. A child does not inherit the
// timer, and exec deletes it.
type KillTimer struct{ id int32 }

// sigevent is the kernel's struct sigevent, which has 64 bytes on all machines.
type sigevent struct {
	value  uintptr
	signo  int32
	notify int32
	_      [64 - 8 - unsafe.Sizeof(uintptr(0))]byte
}

// NewKillTimer makes a timer that is not armed. It returns ErrPID1 where the timer
// would have no effect, and an error that wraps EAGAIN when RLIMIT_SIGPENDING is
// used up.
func NewKillTimer() (*KillTimer, error) {
	if os.Getpid() == 1 {
		return nil, ErrPID1
	}
	const sigevSignal = 0
	event := sigevent{signo: int32(unix.SIGKILL), notify: sigevSignal}
	t := new(KillTimer)
	_, _, errno := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_BOOTTIME,
		uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&t.id)))
	switch {
	case errno == unix.EAGAIN:
		return nil, fmt.Errorf("timer_create: %w: this user's pending signals are used up: raise their limit (RLIMIT_SIGPENDING, ulimit -i)", errno)
	case errno != 0:
		return nil, fmt.Errorf("timer_create: %w", errno)
	}
	return t, nil
}

// Arm sets the instant, instead of the previous one. It may be in the past.
func (t *KillTimer) Arm(at time.Duration) error {
	return t.set(unix.NsecToTimespec(max(int64(at), 1))) // 0 would disarm it
}

// Disarm removes the instant.
func (t *KillTimer) Disarm() error { return t.set(unix.Timespec{}) }

func (t *KillTimer) set(value unix.Timespec) error {
	const absolute = 1
	spec := unix.ItimerSpec{Value: value}
	_, _, errno := unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(t.id), absolute,
		uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("timer_settime: %w", errno)
	}
	return nil
}

// Close deletes the timer.
func (t *KillTimer) Close() error {
	_, _, errno := unix.Syscall(unix.SYS_TIMER_DELETE, uintptr(t.id), 0, 0)
	if errno != 0 {
		return fmt.Errorf("timer_delete: %w", errno)
	}
	return nil
}
