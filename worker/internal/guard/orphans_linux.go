package guard

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/procfs"
)

// isOrphan reports whether a child of this process may be what a dead guard left
// behind: it is no guard, it is not among the earlier children, and it is not in
// this process's own session, which no descendant of a guard can enter. isOrphan
// does not read /proc, which may hide a child. guards must be locked.
func isOrphan(pid int) bool {
	if !subreaper || guards.pids[pid] || isEarlier(pid) {
		return false
	}
	sid, _, errno := unix.RawSyscall(unix.SYS_GETSID, uintptr(pid), 0, 0)
	own, _, _ := unix.RawSyscall(unix.SYS_GETSID, 0, 0, 0)
	return errno == 0 && sid != own
}

// isEarlier reports whether a child is one of the earlier children, and not another
// process that got the PID of one.
func isEarlier(pid int) bool {
	fd, ok := earlier[pid]
	if ok && fd >= 0 && procfs.Peek(unix.P_PIDFD, fd) == -1 { // it was reaped
		_ = unix.Close(fd)
		delete(earlier, pid)
		ok = false
	}
	return ok
}

// orphanTime bounds the killing of orphans before the next scan of /proc.
const orphanTime = 100 * time.Millisecond

// killOrphans kills and reaps the orphans among the children, round after round,
// until there are none, and reports whether it found any and reaped any.
//
// Processes that fork, leave their session and exit, for ever, multiply during one
// scan of /proc, and their dead fill the limit of processes, at which Go aborts
// because it cannot make a thread. So killOrphans runs before each scan, makes raw
// system calls, needs no new thread, and does not allocate.
func (c *children) killOrphans() (found, reaped bool) {
	var backoff time.Duration
	for begin := boottime.Now(); boottime.Now()-begin < orphanTime; {
		left, some := false, false
		c.each(func(pid int) {
			if !isOrphan(pid) {
				return
			}
			sigkill(pid)
			left = true
			some = reapChild(pid, nil) || some
		})
		if !left {
			break
		}
		found, reaped = true, reaped || some
		backoff = nextBackoff(backoff, 0, some)
		ts := unix.NsecToTimespec(int64(min(backoff, time.Millisecond)))
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
	}
	return found, reaped
}
