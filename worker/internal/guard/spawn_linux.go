package guard

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	self  = "/proc/self/exe" // also when the file was replaced or deleted
	argv0 = "work-guard"     // not the product's name: pkill and pidof shall spare it
	again = "AGAIN=1"        // executed a second time, see unmask
)

// spawn starts a guard and returns its number and this side's ends of the
// control socket and of the ties.
func spawn(out Output) (pid int, conn, tie int, err error) {
	const flags = unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	conns, err := unix.Socketpair(unix.AF_UNIX, flags, 0)
	if err != nil {
		return 0, -1, -1, fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(conns[1])
	var ties [2]int
	if err := unix.Pipe2(ties[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		unix.Close(conns[0])
		return 0, -1, -1, fmt.Errorf("pipe: %w", err)
	}
	defer unix.Close(ties[0])
	pid, err = fork(self, out, conns[1], ties[0])
	if err != nil {
		unix.Close(conns[0])
		unix.Close(ties[1])
		return 0, -1, -1, err
	}
	return pid, conns[0], ties[1], nil
}
