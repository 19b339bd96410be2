package guard

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// children lists the children of a thread: of the guard that of its main thread,
// which alone forks and adopts. The listing may miss some while others exit; ECHILD is the proof.
type children struct {
	fd   int
	buf  [8 << 10]byte
	more bool // there was more to reap than one round does
}

// openChildren takes a thread's directory below /proc.
func openChildren(thread string) (children, error) {
	if err := checkProc(); err != nil {
		return children{}, err
	}
	file := "/proc/" + thread + "/children"
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return children{}, fmt.Errorf("%s: %w", file, err)
	}
	return children{fd: fd}, nil
}

// checkProc makes sure that /proc speaks of this PID namespace: numbers out of
// another one would name other processes.
func checkProc() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("the guard needs /proc: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok && strings.TrimSpace(ids) != strconv.Itoa(os.Getpid()) {
			return errors.New("/proc belongs to another PID namespace: mount one of this (unshare --mount-proc)")
		}
	}
	return nil
}

// each calls f with the children. It does not allocate.
func (c *children) each(f func(pid int)) {
	_, _, _ = unix.RawSyscall(unix.SYS_LSEEK, uintptr(c.fd), 0, unix.SEEK_SET)
	for pid := 0; ; {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(&c.buf)), unsafe.Sizeof(c.buf))
		if errno != 0 || n == 0 {
			return
		}
		for _, b := range c.buf[:n] {
			if '0' <= b && b <= '9' {
				pid = 10*pid + int(b-'0')
			} else if pid != 0 {
				f(pid)
				pid = 0
			}
		}
	}
}

// bury takes a dead child's status, and reports whether it was dead.
func bury(pid int, status *unix.WaitStatus) bool {
	var ws uint32
	got, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, uintptr(pid), uintptr(unsafe.Pointer(&ws)), unix.WNOHANG|unix.WALL, 0, 0, 0)
	if errno != 0 || int(got) != pid {
		return false
	}
	if status != nil {
		*status = unix.WaitStatus(ws)
	}
	return true
}

func sigkill(pid int) {
	_, _, _ = unix.RawSyscall(unix.SYS_KILL, uintptr(pid), uintptr(unix.SIGKILL), 0)
}
