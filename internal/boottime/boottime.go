// Package boottime reads a clock that does not stop while the machine is suspended,
// and has the kernel kill this process at an instant of it. Go's monotonic clock and
// its timers stop during a suspend, so deadlines that peers rely on are compared
// with this clock.
package boottime

import "errors"

// ErrUnsupported says that there is no [KillTimer] on this system.
var ErrUnsupported = errors.New("boottime: no kernel timer here")

// ErrPID1 says that a timer would have no effect: the kernel ignores a SIGKILL that
// the first process of a PID namespace sends to itself.
var ErrPID1 = errors.New("boottime: the kernel does not kill process 1 of a container: start it under an init (docker run --init)")
