package guard

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
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
	files     []int // passed along with messages, and not used yet
	home      int   // the directory that this process was started in; -1: it may not be entered
	poll      [3]unix.PollFd
	wakeAt    time.Duration       // what the timer in poll is set to
	killTimer *boottime.KillTimer // by which the kernel kills this process at the lease's end
	tie       tie                 // of the command's process group
	groups    *tiedGroups         // the other process groups of its descendants
	children  children            // of the thread that forks
	namespace *namespace          // of the command; nil: that of this process
	cgroup    *cgroup             // of the command; nil: that of this process
	noCgroup  error               // why
	oomScore  oomScore
	signals   *signals
	will      *will

	killOrdered bool // by Understudy, at any time
	leaving     bool // this process does not start a command any more

	execution
}

// execution is what the guard knows of one run. The next run begins with nothing of it
// but the number.
type execution struct {
	run    int64 // the number of the latest order; 0: there was none
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
	limit                time.Duration // when the command is asked to stop at the latest; 0: no limit
	limitGrace           time.Duration
	keep                 bool // another order may follow

	endAt      int64 // where the last will is told how the run ended; 0: nowhere
	endedFirst bool  // the command was dead when nothing said yet that Understudy dies
	abandoned  bool  // Understudy was gone before anything else ended the command
	lost       int   // how many other processes were killed, but not by this one

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
		(&server{}).send(refused(err))
		return 1
	}
	s.send(message{kind: msgReady, strings: []string{s.inEffect()}})
	for {
		if !s.receive() {
			if s.phase == idle {
				return s.leave(0)
			}
			s.poll[pollConn].Fd = -1
			s.abandoned = s.abandoned || s.why == 0
			s.kill(Asked)
		}
		if s.phase == idle && s.namespace != nil && s.namespace.isOver() {
			return s.leave(1) // no command can start any more
		}
		s.reap()
		s.checkDeadlines()
		if s.phase == killing && s.killRound() && !s.finish() {
			return s.leave(0)
		}
		s.sleep()
	}
}

// receive handles the messages that have arrived. It returns false when no more can
// come: Understudy died, has no use for the guard, or sent a garbled message.
func (s *server) receive() bool {
	for s.poll[pollConn].Fd >= 0 {
		var chunk [16 << 10]byte
		n, files, err := readWith(connFD, chunk[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			return true
		}
		if n <= 0 {
			return false
		}
		s.files = append(s.files, files...)
		if err := s.decoder.decode(chunk[:n], s.handle); err != nil {
			return false
		}
	}
	return true
}

func (s *server) handle(m message) {
	s.killOrdered = s.killOrdered || m.kind == msgKill
	switch {
	case m.kind == msgPing && s.phase == idle:
		s.send(message{kind: msgReady})
	case m.kind == msgOrder && s.phase == idle && m.run > s.run && !s.leaving:
		s.start(m)
	case m.run != s.run: // it came late
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
func (s *server) start(m message) {
	if !s.mayStart(m) {
		syscall.Exit(s.leave(1))
	}
	o, output := m.order(), s.output()
	s.execution = execution{run: m.run, grace: o.Grace, margin: o.Margin, limit: o.Limit, limitGrace: o.LimitGrace, keep: o.Keep, endAt: o.endAt}
	s.signals.forget()
	s.extend(o.Lease)
	if boottime.Now() >= s.lease-s.grace {
		s.send(message{kind: msgLate, run: s.run})
		syscall.Exit(s.leave(0))
	}
	if err := s.armKillTimer(); err != nil {
		s.send(notStarted(s.run, unix.EAGAIN))
		syscall.Exit(s.leave(0))
	}
	pid, err := s.fork(o, output)
	if dir, ok := errors.AsType[*DirError](err); ok {
		s.send(notStarted(s.run, dir.Err, dir.Dir))
		syscall.Exit(s.leave(0))
	}
	if err != nil {
		s.send(notStarted(s.run, err))
		syscall.Exit(s.leave(0))
	}
	s.pid, s.phase = pid, running
	s.tie.fasten(-pid)
	s.closeFiles()
	s.groups.begin()
	s.send(message{kind: msgStarted, run: s.run, numbers: []int64{int64(pid)}})
}

// mayStart reports whether this process can carry out an order: it has the files that
// belong to it, and no child but the init of a new namespace.
func (s *server) mayStart(m message) bool {
	hasFiles := int(m.files()) == len(s.files)
	if s.namespace != nil {
		return hasFiles && s.run == 0 && !s.namespace.isOver()
	}
	return hasFiles && procfs.Peek(unix.P_ALL, 0) == -1
}

// output returns the standard output and error of the command.
func (s *server) output() [2]uintptr {
	if len(s.files) != 2 {
		return [2]uintptr{1, 2}
	}
	return [2]uintptr{uintptr(s.files[0]), uintptr(s.files[1])}
}

// closeFiles closes the files that were passed for the command, so that this process
// does not hold a pipe open.
func (s *server) closeFiles() {
	for _, fd := range s.files {
		_ = unix.Close(fd)
	}
	s.files = nil
}

// send never blocks, and reports whether the message was sent. A guard sends few
// messages in a run, so they fit into the socket; if Understudy is frozen and one does
// not, nobody needs it.
func (s *server) send(m message) bool {
	b := m.appendTo(nil)
	n, err := unix.Write(connFD, b)
	return err == nil && n == len(b)
}
