package guard

import (
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
)

// maxReap bounds the reaping between two rounds of killing. Without it, processes
// that fork faster than they are reaped would keep the guard from killing.
const maxReap = 64

// reap reaps the orphans that this process has adopted, and notes the death of the
// command.
func (s *server) reap() {
	s.moreToReap = false
	if s.dead && s.phase == stopping {
		s.awaitGroup()
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
			s.dead, s.diedAt, s.endedFirst = true, boottime.Now(), !understudyDies()
			if s.phase == stopping {
				s.awaitGroup()
			}
			return
		default:
			s.reapLost(pid)
		}
	}
	s.moreToReap = true
}

// hasOthers reaps the dead, and reports whether a process other than the command is
// still alive.
func (s *server) hasOthers() (some bool) {
	if s.namespace != nil {
		s.namespace.eachOrphan(func(int) { some = true })
		return some
	}
	s.children.each(func(pid int) {
		if pid != s.pid && !s.reapLost(pid) {
			some = true
		}
	})
	return some
}
