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

// children lists the children of one thread: the only one of its process that forks
// and adopts orphans. The kernel's list may lack some while others exit, so an empty
// one proves nothing; ECHILD of wait4 does.
type children struct {
	fd  int
	buf [8 << 10]byte
}

// openChildren opens the list of a thread, which is given by its directory below
// /proc.
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

func (c *children) close() { _ = unix.Close(c.fd) }

// checkProc checks that /proc belongs to the PID namespace of this process. The
// PIDs in another one name other processes.
func checkProc() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("the guard needs /proc: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok && strings.TrimSpace(ids) != strconv.Itoa(os.Getpid()) {
			return errors.New("/proc belongs to another PID namespace: mount one of this namespace (unshare --mount-proc)")
		}
	}
	return nil
}

// each calls f with each child. It does not allocate.
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

// reapChild reaps a child if it is dead, and reports whether it did. It stores the
// child's status unless status is nil. It does not allocate.
func reapChild(pid int, status *unix.WaitStatus) bool {
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
