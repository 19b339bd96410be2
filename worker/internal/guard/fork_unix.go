//go:build unix

package guard

import (
	"fmt"
	"os"
	"syscall"
)

// fork executes this program as a guard with the given descriptors from 3 on.
// Standard output, as out says, and error are this process's own, whatever the
// variables of package os say. Its environment is empty, for it needs none and
// would only show what is nobody's business.
func fork(path string, out Output, fds ...int) (int, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	files := []uintptr{null.Fd(), uintptr(out), 2}
	for _, fd := range fds {
		files = append(files, uintptr(fd))
	}
	pid, err := syscall.ForkExec(path, []string{argv0}, &syscall.ProcAttr{
		Env:   []string{"GOMAXPROCS=2"}, // one to wait, one for signals
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("exec %s: %w", path, err)
	}
	return pid, nil
}
