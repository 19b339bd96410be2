package guard

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

const (
	connFD = 3 // to Understudy
	tieFD  = 4 // the pipe that Understudy holds the other end of
)

func init() {
	if !summoned() {
		return
	}
	runtime.LockOSThread()
	syscall.Exit(serve()) // at once: no hooks of a host program
}

// summoned reports whether this process was started to be a guard. Once it
// was, it must never go on to be anything else.
func summoned() bool {
	if len(os.Args) != 1 || os.Args[0] != argv0 {
		return false
	}
	sa, err := unix.Getsockname(connFD)
	_, local := sa.(*unix.SockaddrUnix)
	return err == nil && local
}

type phase int

const (
	idle     phase = iota // no order yet
	running               // the command runs
	stopping              // it was sent SIGTERM
	killing               // SIGKILL to everything, until nobody is left
)

// server is the guard process.
type server struct {
	in    []byte // read from the socket, not yet a whole message
	poll  [3]unix.PollFd
	armed time.Duration // what the timer is set to
	fuse  *boottime.KillTimer
	tie   tie   // of the command's group
	ties  *ties // of the others
	kids  children
	adj   victim
	told  *signals

	phase  phase
	pid    int // the command, until it is reaped
	dead   bool
	died   time.Duration // when that was seen
	alone  bool          // and by no order that is on its way to this process, too
	status unix.WaitStatus
	left   int // others that were killed
	why    Why

	lease, grace, margin time.Duration
	killBy               time.Duration // while stopping

	since   time.Duration // when the killing began
	hurried bool
	nap     time.Duration // between two rounds of killing
}

// Indices of server.poll.
const (
	pollConn = iota
	pollTimer
	pollSignal
)

func serve() int {
	s, err := setup()
	if err != nil {
		(&server{}).send(message{kind: mRefused, strings: []string{err.Error()}})
		return 1
	}
	s.send(message{kind: mReady})
	for {
		if !s.hear() {
			if s.phase == idle {
				return 0
			}
			s.poll[pollConn].Fd = -1
			s.kill(Asked)
		}
		s.reap()
		s.watch()
		if s.phase == killing && s.round() {
			return s.finish()
		}
		s.sleep()
	}
}

// hear handles what Understudy says. It is false when there is nobody (any
// more) at the other end.
func (s *server) hear() bool {
	for s.poll[pollConn].Fd >= 0 {
		var chunk [16 << 10]byte
		n, err := unix.Read(connFD, chunk[:])
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			return true
		}
		if n <= 0 {
			return false
		}
		s.in = append(s.in, chunk[:n]...)
		for {
			m, rest, ok, err := cut(s.in)
			if err != nil {
				return false
			}
			if !ok {
				break
			}
			s.in = rest
			s.obey(m)
		}
		if len(s.in) == 0 {
			s.in = nil
		}
	}
	return true
}

func (s *server) obey(m message) {
	switch {
	case m.kind == mOrder && s.phase == idle:
		s.start(m.order())
	case m.kind == mExtend:
		s.extend(time.Duration(m.numbers[0]))
	case m.kind == mStop:
		s.stop(time.Duration(m.numbers[0]), Asked)
	case m.kind == mKill && s.phase != idle:
		s.kill(Asked)
	}
}

// extend moves the lease's end. One that is past, or not later than the one
// before, was queued while something was frozen, and extends nothing.
func (s *server) extend(until time.Duration) {
	if until <= s.lease || until <= boottime.Now() {
		return
	}
	s.lease = until
	if s.pid != 0 {
		_ = s.fuse.Arm(until)
	}
}

func (s *server) start(o Order) {
	s.extend(o.Lease)
	s.grace, s.margin = o.Grace, o.Margin
	if boottime.Now() >= s.lease-s.grace {
		s.send(message{kind: mLate})
		syscall.Exit(0)
	}
	if err := s.fuse.Arm(s.lease); err != nil {
		s.send(message{kind: mNotStarted, numbers: []int64{int64(unix.EAGAIN)}})
		syscall.Exit(0)
	}
	if err := enter(o.Dir); err != nil {
		s.send(notStarted(err, o.Dir))
		syscall.Exit(0)
	}
	restore := s.adj.raise()
	pid, err := syscall.ForkExec(o.Path, o.Args, &syscall.ProcAttr{
		Env:   o.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	restore()
	if err != nil {
		s.send(notStarted(err))
		syscall.Exit(0)
	}
	s.pid, s.phase = pid, running
	s.tie.fasten(-pid)
	s.ties.begin()
	s.send(message{kind: mStarted, numbers: []int64{int64(pid)}})
}

// send never blocks. What does not fit is for nobody: Understudy is frozen, and
// there are few messages in a guard's life.
func (s *server) send(m message) {
	_, _ = unix.Write(connFD, m.appendTo(nil))
}
