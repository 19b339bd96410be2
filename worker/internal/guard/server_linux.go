package guard

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

type phase int

const (
	idle     phase = iota // there is no order yet
	running               // the command runs
	stopping              // SIGTERM was sent
	killing               // everything is sent SIGKILL until nobody is left
)

// server is the guard process. All of it runs in the main thread.
type server struct {
	decoder   decoder
	poll      [3]unix.PollFd
	wakeAt    time.Duration       // what the timer in poll is set to
	killTimer *boottime.KillTimer // by which the kernel kills this process at the lease's end
	tie       tie                 // of the command's process group
	groups    *tiedGroups         // the other process groups of its descendants
	children  children
	oomScore  oomScore
	signals   *signals

	phase  phase
	pid    int // of the command, until it is reaped
	status unix.WaitStatus
	left   int // how many other processes were killed
	why    Why

	dead      bool // the command is dead, and kept unreaped
	diedAt    time.Duration
	diedAlone bool // no order to stop followed its death within orderSpread

	lease, grace, margin time.Duration
	killAt               time.Duration // while stopping

	killingSince time.Duration
	isRealTime   bool
	moreToReap   bool          // reap stopped at maxReap
	backoff      time.Duration // between two rounds of killing
}

// Indices of server.poll.
const (
	pollConn = iota
	pollTimer
	pollSignal
)

// serve is the guard's main loop. It returns the exit code of the guard.
func serve() int {
	s, err := setup()
	if err != nil {
		(&server{}).send(message{kind: msgRefused, strings: []string{err.Error()}})
		return 1
	}
	s.send(message{kind: msgReady})
	for {
		if !s.receive() {
			if s.phase == idle {
				return 0
			}
			s.poll[pollConn].Fd = -1
			s.kill(Asked)
		}
		s.reap()
		s.checkDeadlines()
		if s.phase == killing && s.killRound() {
			return s.finish()
		}
		s.sleep()
	}
}

// receive handles the messages that have arrived. It returns false when no more can
// come: Understudy died, has no use for the guard, or sent a garbled message.
func (s *server) receive() bool {
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
		if err := s.decoder.decode(chunk[:n], s.handle); err != nil {
			return false
		}
	}
	return true
}

func (s *server) handle(m message) {
	switch {
	case m.kind == msgOrder && s.phase == idle:
		s.start(m.order())
	case m.kind == msgExtend:
		s.extend(time.Duration(m.numbers[0]))
	case m.kind == msgStop:
		s.stop(time.Duration(m.numbers[0]), Asked)
	case m.kind == msgKill && s.phase != idle:
		s.kill(Asked)
	}
}

// start executes the command, or reports why it did not and exits. The kernel's
// timer is armed before the command exists, and the command's group is tied before
// anything else happens to it.
func (s *server) start(o Order) {
	s.extend(o.Lease)
	s.grace, s.margin = o.Grace, o.Margin
	if boottime.Now() >= s.lease-s.grace {
		s.send(message{kind: msgLate})
		syscall.Exit(0)
	}
	if err := s.armKillTimer(); err != nil {
		s.send(message{kind: msgNotStarted, numbers: []int64{int64(unix.EAGAIN)}})
		syscall.Exit(0)
	}
	if err := chdir(o.Dir); err != nil {
		s.send(notStarted(err, o.Dir))
		syscall.Exit(0)
	}
	restore := s.oomScore.raise()
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
	s.groups.begin()
	s.send(message{kind: msgStarted, numbers: []int64{int64(pid)}})
}

// send never blocks. A guard sends few messages in its life, so they fit into the
// socket; if Understudy is frozen and one does not, nobody needs it.
func (s *server) send(m message) {
	_, _ = unix.Write(connFD, m.appendTo(nil))
}
