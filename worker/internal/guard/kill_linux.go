package guard

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
)

// kill begins to kill everything.
func (s *server) kill(why Why) {
	if s.phase == killing {
		return
	}
	if s.why == 0 {
		s.why = why
	}
	if s.namespace != nil && s.why == Itself {
		s.left = s.namespace.count() // the kernel kills them, and does not tell
	}
	atStep("killing")
	s.phase, s.killingSince = killing, boottime.Now()
	s.send(message{kind: msgKilling, run: s.run})
}

// killRound sends SIGKILL to every child, reaps some of the dead, and reports
// whether nobody is left. The children of those who die become this process's own,
// so the next round reaches them. killRound makes raw system calls and does not
// allocate.
func (s *server) killRound() (gone bool) {
	begin, reaped := boottime.Now(), false
	if begin-s.killingSince > realTimeAfter && !s.isRealTime {
		s.isRealTime = true
		becomeRealTime()
	}
	defer func() { s.backoff = nextBackoff(s.backoff, boottime.Now()-begin, reaped) }()
	if s.pid != 0 {
		sigkill(-s.pid)
	}
	if s.cgroup != nil {
		s.cgroup.killAll()
	}
	s.children.each(func(pid int) {
		if procfs.Peek(unix.P_PID, pid) == 0 { // a living child, whose PID no other process can have
			sigkill(pid)
		}
	})
	for range maxReap {
		if s.pid != 0 && procfs.Peek(unix.P_PID, s.pid) == s.pid {
			s.releaseCommand()
		}
		pid := procfs.Peek(unix.P_ALL, 0)
		if pid == -1 {
			return s.cgroup == nil || s.cgroup.isEmpty()
		}
		if pid == 0 {
			return false
		}
		reaped = true
		if pid != s.pid {
			s.reapOther(pid)
		}
	}
	return false
}

// reapOther reaps a process other than the command, and counts it if it was killed.
func (s *server) reapOther(pid int) {
	var status unix.WaitStatus
	reaped := reapChild(pid, &status)
	if s.namespace != nil && pid == s.namespace.init {
		s.namespace.init = 0
	} else if reaped && status.Signaled() && status.Signal() == unix.SIGKILL {
		s.left++
	}
}

// releaseCommand reaps the dead command, whose PID and group ID another process may
// get from then on. So the last signal is sent to the group before, and the tie is
// loosened. The kernel's timer is disarmed: it could only end this process, which
// may have many descendants of the command to kill yet.
func (s *server) releaseCommand() {
	sigkill(-s.pid)
	s.tie.loosen()
	_ = s.killTimer.Disarm()
	reapChild(s.pid, &s.status)
	s.pid = 0
}

// finish reports the end of the command, of which nothing is left. It reports whether
// this process is idle again, and waits for another order.
func (s *server) finish() (kept bool) {
	s.will.runEnded(s.endAt, s.runEnd())
	s.will.treeGone()
	kept = s.canServeAgain()
	sent := s.send(exitedMessage(s.run, s.status, s.why, s.left, kept))
	s.execution = execution{run: s.run}
	return kept && sent
}

// canServeAgain reports whether this process may run another command: nothing but the
// exit of the command itself happened in this run, and what a fresh guard has is the
// same here. Whatever was unusual ends the guard, so that nothing of it has to be undone.
func (s *server) canServeAgain() bool {
	usual := s.why == Itself && s.left == 0 && !s.isRealTime && s.groups.none() && !s.signals.ordered() && s.poll[pollConn].Fd >= 0
	return s.keep && usual && s.namespace == nil && (s.cgroup == nil || !s.cgroup.killed) && unix.Fchdir(s.home) == nil
}

// realTimeAfter is how long the guard kills before it becomes a real-time process.
// That helps against processes that fork for ever; other processes need only CPU time
// to die: 500 in sessions of their own are dead after 45 ms without it, and after
// 110 ms with it.
const realTimeAfter = 500 * time.Millisecond

// becomeRealTime gives this thread priority over all ordinary ones, if that is
// permitted: processes that fork for ever can outrun a loop that shares the
// processor with them.
func becomeRealTime() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
}
