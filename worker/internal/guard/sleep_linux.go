package guard

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep waits until a message, a signal or a deadline needs the main loop.
func (s *server) sleep() {
	if due := s.nextDeadline(); due != s.wakeAt {
		s.wakeAt = due
		spec := unix.ItimerSpec{}
		if due != 0 {
			spec.Value = unix.NsecToTimespec(max(int64(due), 1))
		}
		_ = unix.TimerfdSettime(int(s.poll[pollTimer].Fd), unix.TFD_TIMER_ABSTIME, &spec, nil)
	}
	var timeout *unix.Timespec
	poll := s.poll[:]
	if s.phase == killing || s.moreToReap {
		ts := unix.NsecToTimespec(int64(s.backoff))
		timeout = &ts
	}
	if s.phase == killing && s.backoff < time.Millisecond {
		poll = nil // or each death would end the pause
	}
	_, _ = unix.Ppoll(poll, timeout, nil)
	var count [8]byte
	_, _ = unix.Read(s.signals.fd, count[:]) // makes it unreadable again
}

const (
	minBackoff = 50 * time.Microsecond
	maxBackoff = 50 * time.Millisecond
)

// nextBackoff returns the pause after a round of killing, which took some time and
// either reaped somebody or not. The pause is as long as the round, since the dying
// need a processor too. While nobody can be reaped it doubles, since a process that
// cannot be killed may live for ever. It never exceeds maxBackoff.
func nextBackoff(backoff, took time.Duration, reaped bool) time.Duration {
	if reaped {
		backoff = 0
	}
	return min(max(2*backoff, took, minBackoff), maxBackoff)
}
