// Package boottime tells time that goes on while the machine is suspended, and
// lets the kernel end this process at an instant of it. Go's monotonic clock
// and its timers stop during a suspend, so a deadline that peers rely on is
// held against this clock.
package boottime

import "errors"

// ErrUnsupported says that the kernel offers no [KillTimer] to this process.
var ErrUnsupported = errors.New("boottime: no kernel timer here")

// ErrPID1 says that a timer would be of no use: the kernel ignores the SIGKILL
// that the first process of a PID namespace sends itself.
var ErrPID1 = errors.New("boottime: the kernel does not kill process 1 of a container: start it under an init (docker run --init)")
