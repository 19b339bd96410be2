package guard

import (
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
)

// checkDeadlines does what the clock asks for: it ties new process groups, decides
// why the command exited, and begins to stop or to kill.
func (s *server) checkDeadlines() {
	now := boottime.Now()
	if s.hasGroups() && now >= s.groups.next {
		s.groups.scan(&s.children, s.pid)
		now = boottime.Now()
	}
	if s.phase == running && s.dead {
		s.decideWhy(now)
	}
	if s.phase == running && now >= s.lease-s.grace {
		s.stop(s.lease-s.margin, Expired)
	}
	if s.phase == running && s.hasLimit() && now >= s.limit {
		s.stop(min(now+s.limitGrace, s.lease-s.margin), TimedOut)
	}
	if s.phase == stopping && now >= s.nextStep() {
		s.kill(s.why)
	}
}

// hasLimit reports whether a limit applies to the command, which has not exited yet.
func (s *server) hasLimit() bool { return s.limit != 0 && !s.dead }

// hasGroups reports whether there may be new process groups to be tied.
func (s *server) hasGroups() bool { return s.phase == running || s.phase == stopping }

// orderSpread is how long an order to stop may take to reach this process, through
// Understudy or by a signal to all processes, after the same signal killed the command.
const orderSpread = 20 * time.Millisecond

// decideWhy decides why the command is dead, although nobody asked it to stop. If
// a signal to everybody killed it, the processes that it had started keep the grace
// that they would have had if the order had come through Understudy.
func (s *server) decideWhy(now time.Duration) {
	switch {
	case s.signals.orderedToStop():
		s.stop(min(now+s.grace, s.lease-s.margin), Outside)
	case now >= min(s.diedAt+leftoverTime, s.lease-s.grace), now >= s.diedAt+orderSpread && !s.hasOthers():
		s.kill(Itself)
	default:
		s.diedAlone = now >= s.diedAt+orderSpread
	}
}

// nextDeadline returns the instant at which checkDeadlines has something to do
// next; 0 if there is none.
func (s *server) nextDeadline() time.Duration {
	if s.hasGroups() {
		return min(s.nextStep(), s.groups.next)
	}
	return s.nextStep()
}

// orphanGap is between two looks at the orphans in a namespace, whose death the kernel
// reports to its init.
const orphanGap = 10 * time.Millisecond

// nextStep returns the instant of the next step towards the end of the command.
func (s *server) nextStep() time.Duration {
	if s.namespace != nil && s.dead && s.hasGroups() {
		return min(s.nextPlanned(), boottime.Now()+orphanGap)
	}
	return s.nextPlanned()
}

// nextPlanned returns the next instant that is known before.
func (s *server) nextPlanned() time.Duration {
	switch s.phase {
	case running:
		if s.dead && s.diedAlone {
			return min(s.diedAt+leftoverTime, s.lease-s.grace)
		}
		if s.dead {
			return min(s.diedAt+orderSpread, s.lease-s.grace)
		}
		if s.hasLimit() {
			return min(s.limit, s.lease-s.grace)
		}
		return s.lease - s.grace
	case stopping:
		return min(s.killAt, s.lease-s.margin)
	}
	return 0
}
