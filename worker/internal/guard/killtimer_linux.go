package guard

import (
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

// armKillTimer has the kernel kill this process at the end of the lease, and with it the
// command, if this process does not run then. It is armed before the command starts, and
// again with each new lease. releaseCommand disarms it.
func (s *server) armKillTimer() error { return s.killTimer.Arm(s.lease) }

// extend moves the lease's end. It ignores a lease that has ended, or that ends no
// later than the previous one: that message queued while a process was frozen.
func (s *server) extend(until time.Duration) {
	if until <= s.lease || until <= boottime.Now() {
		return
	}
	s.lease = until
	if s.pid != 0 {
		_ = s.armKillTimer()
	}
}
