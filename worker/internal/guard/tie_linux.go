package guard

import "golang.org/x/sys/unix"

// tie makes the kernel kill a process group when a process dies, without any
// of our code running: a socket that announces its other end's closing by
// SIGKILL. One pair is held by the guard alone; of the other, Understudy holds
// the far end.
type tie struct{ fds [3]int }

func newTie() (tie, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return tie{}, err
	}
	return tie{fds: [3]int{pair[0], pair[1], tieFD}}, nil
}

// fasten ties the group to this process and to Understudy. The order matters:
// a socket that is asynchronous before it has an owner and a signal is none.
func (t tie) fasten(pgid int) {
	for _, fd := range t.fds {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, -pgid)
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGKILL))
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK)
	}
}

// loosen must come before the group's number can be reused.
func (t tie) loosen() {
	for _, fd := range t.fds {
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK)
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, 0)
	}
}
