//go:build unix

package guard

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
)

// fork executes this program as a guard, which gets the given descriptors from 3
// on. Its standard output (out) and error are descriptors 1 and 2 of this process,
// even if the variables of package os name other files. Its environment is almost
// empty: a guard needs none, and other users could read secrets in it.
func fork(path string, out Output, env []string, attr *syscall.SysProcAttr, s slot, fds ...int) (int, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	files := []uintptr{null.Fd(), uintptr(out), 2}
	fds = append(fds, s.fds()...)
	for _, fd := range fds {
		files = append(files, uintptr(fd))
	}
	pid, err := syscall.ForkExec(path, []string{guardname.Name}, &syscall.ProcAttr{
		Env:   append(append(env, s.environ()...), "GOMAXPROCS=2"), // one thread waits, one handles signals
		Files: files,
		Sys:   attr,
	})
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", path, err)
	}
	return pid, nil
}

// isGuard reports whether this process was started by fork. The program must never
// continue as anything else then.
func isGuard() bool {
	if len(os.Args) != 1 || os.Args[0] != guardname.Name {
		return false
	}
	name, err := unix.Getsockname(connFD)
	_, local := name.(*unix.SockaddrUnix)
	return err == nil && local
}
