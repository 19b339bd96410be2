package guard

import (
	"time"

	"golang.org/x/sys/unix"
)

// stop sends SIGTERM to the command's group, and has everything killed at the
// given instant.
func (s *server) stop(killAt time.Duration, why Why) {
	if s.phase != running {
		return
	}
	s.phase, s.why, s.killAt = stopping, why, killAt
	if s.dead && (!s.diedAlone || why == Outside) {
		return // this same signal killed it, and the rest of its group has received it as well
	}
	_ = unix.Kill(-s.pid, unix.SIGTERM)
	if pgid, err := unix.Getpgid(s.pid); err == nil && pgid != s.pid {
		_ = unix.Kill(s.pid, unix.SIGTERM) // it left its own group
	}
	_ = unix.Kill(-s.pid, unix.SIGCONT) // a stopped process handles no SIGTERM
}

// awaitGroup kills what is left once the rest of the command's group has exited.
// The command itself is dead, but the group has received SIGTERM as well and keeps
// the rest of the grace: a shell dies at once, and what it started may have
// something to finish. The dead command stays unreaped, so that no other process
// group can get its ID.
func (s *server) awaitGroup() {
	waiting := false
	isInGroup := func(pid int) {
		pgid, _, _ := unix.RawSyscall(unix.SYS_GETPGID, uintptr(pid), 0, 0)
		waiting = waiting || int(pgid) == s.pid
	}
	if s.namespace != nil {
		s.namespace.eachOrphan(isInGroup)
	} else {
		s.children.each(func(pid int) {
			if pid != s.pid && !reapChild(pid, nil) {
				isInGroup(pid)
			}
		})
	}
	if !waiting {
		s.kill(s.why)
	}
}
