package guard

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// self is this program's executable, even if the file was replaced or deleted.
const self = "/proc/self/exe"

// spawn starts a guard and returns its PID and this process's ends of the
// socket and of the tie.
func spawn(out Output, i Isolation, s slot) (pid int, conn, tie int, err error) {
	const flags = unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	conns, err := unix.Socketpair(unix.AF_UNIX, flags, 0)
	if err != nil {
		return 0, -1, -1, fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(conns[1])
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		unix.Close(conns[0])
		return 0, -1, -1, fmt.Errorf("pipe: %w", err)
	}
	defer unix.Close(pipe[0])
	pid, err = fork(self, out, i.environ(), i.attr(), s, conns[1], pipe[0])
	if err != nil {
		err = i.forkError(err)
		unix.Close(conns[0])
		unix.Close(pipe[1])
		return 0, -1, -1, err
	}
	return pid, conns[0], pipe[1], nil
}
