//go:build unix

package mongotest

import (
	"os"
	"syscall"

	sys "golang.org/x/sys/unix"
)

const unix = true

// ownSession keeps Ctrl-C of a terminal away from the supervisor, which has to outlive
// the test process.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func freeze(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }
func thaw(pid int) error   { return syscall.Kill(pid, syscall.SIGCONT) }

// lock waits for a lock on a file. The lock ends with this process at the latest.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := sys.Flock(int(f.Fd()), sys.LOCK_EX)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != sys.EINTR {
			f.Close()
			return nil, &os.PathError{Op: "flock", Path: path, Err: err}
		}
	}
}
