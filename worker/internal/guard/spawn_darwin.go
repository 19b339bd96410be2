package guard

import (
	"fmt"
	"os"
	"syscall"
)

// spawn starts a guard and returns its PID and this process's end of the
// socket. There is no tie. The guard may be of another version than this process
// if the program's file was replaced in the meantime.
func spawn(out Output, _ Isolation, s slot) (pid int, conn, tie int, err error) {
	path, err := os.Executable()
	if err != nil {
		return 0, -1, -1, err
	}
	syscall.ForkLock.RLock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return 0, -1, -1, fmt.Errorf("socketpair: %w", err)
	}
	defer syscall.Close(pair[1])
	_ = syscall.SetNonblock(pair[0], true)
	if pid, err = fork(path, out, nil, &syscall.SysProcAttr{Setsid: true}, s, pair[1]); err != nil {
		syscall.Close(pair[0])
		return 0, -1, -1, err
	}
	return pid, pair[0], -1, nil
}
