package guard

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
)

// stop sends SIGTERM, and has everything killed at the given instant.
func (s *server) stop(killBy time.Duration, why Why) {
	if s.phase != running {
		return
	}
	s.phase, s.why, s.killBy = stopping, why, killBy
	if s.dead && (!s.alone || why == Outside) { // of the same order, which what it started has got as well
		return
	}
	_ = unix.Kill(-s.pid, unix.SIGTERM)
	if pgid, err := unix.Getpgid(s.pid); err == nil && pgid != s.pid {
		_ = unix.Kill(s.pid, unix.SIGTERM) // it left its own group
	}
	_ = unix.Kill(-s.pid, unix.SIGCONT) // one that is stopped cannot hear
}

// kill begins the end.
func (s *server) kill(why Why) {
	if s.phase == killing {
		return
	}
	if s.why == 0 {
		s.why = why
	}
	s.phase, s.since = killing, boottime.Now()
	s.send(message{kind: mKilling})
}

// watch holds the clock against what is due.
func (s *server) watch() {
	now := boottime.Now()
	if s.looks() && now >= s.ties.next {
		s.ties.look(&s.kids, s.pid)
		now = boottime.Now()
	}
	if s.phase == running && s.dead {
		s.explain(now)
	}
	if s.phase == running && now >= s.lease-s.grace {
		s.stop(s.lease-s.margin, Expired)
	}
	if s.phase == stopping && now >= s.ends() {
		s.kill(s.why)
	}
}

// looks reports whether groups that are new have to be tied.
func (s *server) looks() bool { return s.phase == running || s.phase == stopping }

// echo is how long an order that the command died of may take to reach this
// process, by Understudy or by a signal to all of them.
const echo = 20 * time.Millisecond

// explain finds out why the command, which nobody asked to stop, is dead. What it
// started is granted what it would have had if the order had come the other way.
func (s *server) explain(now time.Duration) {
	switch {
	case s.told.toldToStop():
		s.stop(min(now+s.grace, s.lease-s.margin), Outside)
	case now >= min(s.died+lastMoment, s.lease-s.grace), now >= s.died+echo && !s.others():
		s.kill(Itself)
	default:
		s.alone = now >= s.died+echo
	}
}

// others reports whether anybody but the command lives yet, and buries the dead.
func (s *server) others() (some bool) {
	s.kids.each(func(pid int) {
		if pid != s.pid && !bury(pid, nil) {
			some = true
		}
	})
	return some
}

// due is the instant at which watch has something to do next.
func (s *server) due() time.Duration {
	if s.looks() {
		return min(s.ends(), s.ties.next)
	}
	return s.ends()
}

// ends is the instant of the next step towards the end.
func (s *server) ends() time.Duration {
	switch s.phase {
	case running:
		if s.dead && s.alone {
			return min(s.died+lastMoment, s.lease-s.grace)
		}
		if s.dead {
			return min(s.died+echo, s.lease-s.grace)
		}
		return s.lease - s.grace
	case stopping:
		return min(s.killBy, s.lease-s.margin)
	}
	return 0
}

// maxReap bounds the reaping between two rounds of killing: those who fork
// faster than they are reaped must not keep us from killing.
const maxReap = 64

// reap buries the adopted orphans that died, and notes the command's own end.
func (s *server) reap() {
	s.kids.more = false
	if s.dead && s.phase == stopping {
		s.linger()
		return
	}
	if s.dead || s.phase != running && s.phase != stopping {
		return
	}
	for range maxReap {
		switch pid := procfs.Peek(unix.P_ALL, 0); pid {
		case 0, -1:
			return
		case s.pid:
			s.dead, s.died = true, boottime.Now()
			if s.phase == stopping {
				s.linger()
			}
			return
		default:
			bury(pid, nil)
		}
	}
	s.kids.more = true
}

// linger leaves the rest of the command's group, which got SIGTERM too, what is
// left of the grace after the command itself exited: a shell dies at once, what
// it started may have something to finish. The command's zombie is kept, so
// that its group's number stays its own.
func (s *server) linger() {
	waiting := false
	s.kids.each(func(pid int) {
		if pid == s.pid || bury(pid, nil) {
			return
		}
		pgid, _, _ := unix.RawSyscall(unix.SYS_GETPGID, uintptr(pid), 0, 0)
		waiting = waiting || int(pgid) == s.pid
	})
	if !waiting {
		s.kill(s.why)
	}
}

// round kills everybody that is there and buries some of the dead. It reports
// whether nobody is left. It makes raw system calls and does not allocate.
func (s *server) round() (gone bool) {
	begin, some := boottime.Now(), false
	if begin-s.since > hurryAfter && !s.hurried {
		s.hurried = true
		hurry()
	}
	defer func() { s.nap = napAfter(s.nap, boottime.Now()-begin, some) }()
	if s.pid != 0 {
		sigkill(-s.pid)
	}
	s.kids.each(func(pid int) {
		if procfs.Peek(unix.P_PID, pid) == 0 { // a living child, and nobody else's number
			sigkill(pid)
		}
	})
	for range maxReap {
		if s.pid != 0 && procfs.Peek(unix.P_PID, s.pid) == s.pid {
			s.release()
		}
		pid := procfs.Peek(unix.P_ALL, 0)
		if pid == -1 {
			return true
		}
		if pid == 0 {
			return false
		}
		some = true
		if pid != s.pid {
			s.count(pid)
		}
	}
	return false
}

// count buries one of the others, and counts it if it was killed.
func (s *server) count(pid int) {
	var status unix.WaitStatus
	if bury(pid, &status) && status.Signaled() && status.Signal() == unix.SIGKILL {
		s.left++
	}
}

// release lets the dead command's number go, and its group's: after this,
// nothing may be sent to either. The kernel's timer has nobody left to hit but
// this process, which may have a long sweep before it.
func (s *server) release() {
	sigkill(-s.pid)
	s.tie.loosen()
	_ = s.fuse.Disarm()
	bury(s.pid, &s.status)
	s.pid = 0
}

// finish reports the end. Nobody is left but this process.
func (s *server) finish() int {
	code := s.status.ExitStatus()
	if s.status.Signaled() {
		code = 128 + int(s.status.Signal())
	}
	s.send(message{kind: mExited, numbers: []int64{int64(code), int64(s.why), int64(s.left)}})
	return 0
}

// hurryAfter is how long it kills before it hurries. 500 processes in sessions
// of their own die in 45 ms without, and in 110 ms with it.
const hurryAfter = 500 * time.Millisecond

// hurry puts this thread before all ordinary ones, where that is permitted:
// processes that fork for ever can outrun a loop that has to share. Those that
// merely have to die need the processor themselves.
func hurry() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
}
