package guard

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// cullTime bounds the killing of orphans between two looks at all of /proc.
const cullTime = 100 * time.Millisecond

// cull kills and buries orphans, round after round, until there are none, and
// reports whether it found any and buried any. Those that fork, leave the session
// and exit for ever multiply within one look at all of /proc, and when their dead
// fill the limit of processes, this one dies of a thread that it can't make. So it
// makes raw system calls, needs no thread, and does not allocate.
func (c *children) cull() (found, buried bool) {
	var nap time.Duration
	for begin := boottime.Now(); boottime.Now()-begin < cullTime; {
		left, some := false, false
		c.each(func(pid int) {
			if !isOrphan(pid) {
				return
			}
			sigkill(pid)
			left = true
			some = bury(pid, nil) || some
		})
		if !left {
			break
		}
		found, buried = true, buried || some
		nap = napAfter(nap, 0, some)
		ts := unix.NsecToTimespec(int64(min(nap, time.Millisecond)))
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
	}
	return found, buried
}
