package guard

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// tie makes the kernel kill a process group when a process dies, without any
// of our code running: descriptors whose other end's closing is announced by
// SIGKILL. A pair of sockets is held by the guard alone, and of the two the one
// that is closed last announces the first. The third is a pipe's end, of which
// Understudy holds the other one; it is opened anew for each tie, since what is
// announced to whom belongs to an open file and not to the pipe.
type tie struct{ fds [3]int }

func newTie() (t tie, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return tie{}, err
	}
	pipe, err := unix.Open("/proc/self/fd/"+strconv.Itoa(tieFD), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = unix.Close(pair[0])
		_ = unix.Close(pair[1])
		return tie{}, fmt.Errorf("pipe: %w", err)
	}
	return tie{fds: [3]int{pair[0], pair[1], pipe}}, nil
}

// fasten ties an owner, as F_SETOWN has it, to this process and to Understudy. The
// kernel holds on to the very group or process that has the number now. The order
// matters: a file that is asynchronous before it has an owner and a signal is none.
func (t tie) fasten(owner int) {
	for _, fd := range t.fds {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, owner)
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGKILL))
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK)
	}
}

// holds reports whether there is still somebody whom the tie was fastened to.
// Before Linux 5.12 it is true all the time.
func (t tie) holds() bool {
	owner, err := unix.FcntlInt(uintptr(t.fds[0]), unix.F_GETOWN, 0)
	return err != nil || owner != 0
}

// loosen must come before the group's number can be reused.
func (t tie) loosen() {
	for _, fd := range t.fds {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK)
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, 0)
	}
}

// drop loosens the tie and closes it.
func (t tie) drop() {
	t.loosen() // or the closing of one would be announced by the others
	for _, fd := range t.fds {
		_ = unix.Close(fd)
	}
}
