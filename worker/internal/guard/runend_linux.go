package guard

import (
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/lastwill"
)

// runEnd says for the last will how the command ended, of which nothing is left.
func (s *server) runEnd() lastwill.RunEnd {
	code, signal := exitOf(s.status)
	return lastwill.RunEnd{How: s.how(code, understudyDies()), Code: code, Signal: signal, Left: s.left, At: boottime.Now()}
}

// how says why the command ended. Understudy does not die at one instant: its pipes are
// closed, the kernel kills process groups by their ties, and this process learns of it. Each
// of these may make the command exit with any code, or die of a signal. So if Understudy dies
// at about the same time, the command counts as ended by itself only if that was seen
// before, its code is 0, and nothing was killed. In a PID namespace the kernel kills the
// rest, and nobody learns whether there was any.
func (s *server) how(code int, dies bool) lastwill.How {
	switch {
	case s.why == TimedOut:
		return lastwill.TimedOut
	case s.why == Expired:
		return lastwill.LeaseEnded
	case s.why == Outside, s.why == Asked && !s.abandoned, s.killOrdered, s.signals.ordered():
		return lastwill.Told
	case !s.abandoned && !dies:
		return lastwill.Itself
	case s.namespace == nil && s.endedFirst && code == 0 && s.left == 0 && s.lost == 0:
		return lastwill.Itself
	}
	return lastwill.Abandoned
}

// understudyDies reports whether Understudy has closed a file that it keeps open while it
// lives, unless it orders to kill.
func understudyDies() bool { return hungUp(tieFD) || hungUp(connFD) }

// reapLost reaps a process other than the command, and reports whether it was dead. It notes
// whether that was killed, although not by this process.
func (s *server) reapLost(pid int) bool {
	var status unix.WaitStatus
	dead := reapChild(pid, &status)
	if dead && status.Signaled() && status.Signal() == unix.SIGKILL {
		s.lost++
	}
	return dead
}
