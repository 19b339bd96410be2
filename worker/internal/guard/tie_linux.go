package guard

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// tie ties a process group to this process and to Understudy: when either dies, the
// kernel kills the group, without any code of ours running.
//
// A tie is three descriptors. When the other end of one is closed, the kernel sends
// its owner SIGKILL instead of SIGIO (F_SETOWN, F_SETSIG and O_ASYNC). Two of them
// are the ends of a socket pair that this process alone holds: when it dies, the
// kernel closes one end first, at which the other end signals the owner. The third is
// this process's end of the pipe whose other end Understudy holds. Each tie opens it
// again, since owner and signal belong to an open file and not to the pipe.
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

// fasten ties an owner, a process or (as a negative ID) a group. The kernel
// keeps the very process or group that has the ID now. The order of the calls
// matters: a file that is asynchronous before it has an owner and a signal does not
// work.
func (t tie) fasten(owner int) {
	for _, fd := range t.fds {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, owner)
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGKILL))
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK)
	}
}

// hasOwner reports whether the owner still exists. Before Linux 5.12 it always
// returns true.
func (t tie) hasOwner() bool {
	owner, err := unix.FcntlInt(uintptr(t.fds[0]), unix.F_GETOWN, 0)
	return err != nil || owner != 0
}

// loosen unties the owner. It must come before another process can get the owner's
// ID.
func (t tie) loosen() {
	for _, fd := range t.fds {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK)
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, 0)
	}
}

// close unties the owner first: otherwise the close of one end would kill it.
func (t tie) close() {
	t.loosen()
	for _, fd := range t.fds {
		_ = unix.Close(fd)
	}
}
