package guard

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// server is the guard process. It does the same as on Linux, but without the
// kernel's help: there is no subreaper, no parent-death signal, no tie and no kill
// timer.
type server struct {
	conn        *os.File
	pid         int
	descendants descendants
	why         Why

	lease, grace, margin time.Duration
	killAt               time.Duration // while stopping
}

func (s *server) extend(until time.Duration) {
	if until > s.lease && until > boottime.Now() {
		s.lease = until
	}
}

// start executes the command, or reports why it did not. It closes exited when the
// command has exited.
func (s *server) start(o Order, exited chan<- struct{}) bool {
	s.extend(o.Lease)
	s.grace, s.margin = o.Grace, o.Margin
	if boottime.Now() >= s.lease-s.grace {
		s.send(message{kind: msgLate})
		return false
	}
	if err := chdir(o.Dir); err != nil {
		s.send(notStarted(err, o.Dir))
		return false
	}
	pid, err := syscall.ForkExec(o.Path, o.Args, &syscall.ProcAttr{
		Env:   o.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		s.send(notStarted(err))
		return false
	}
	s.pid = pid
	s.send(message{kind: msgStarted, numbers: []int64{int64(pid)}})
	go func() {
		defer close(exited)
		awaitExit(pid)
	}()
	return true
}

// awaitExit waits until a child has exited, and does not reap it, so that no other
// process or group can get its ID.
func awaitExit(pid int) {
	kq, err := unix.Kqueue()
	if err != nil {
		awaitDeath(pid)
		return
	}
	defer unix.Close(kq)
	var change, got [1]unix.Kevent_t
	unix.SetKevent(&change[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change[0].Fflags = unix.NOTE_EXIT
	for {
		if _, err := unix.Kevent(kq, change[:], got[:], nil); err != unix.EINTR {
			return // ESRCH: it had exited before
		}
	}
}

// setWhy sets why the command ends, unless that is decided already.
func (s *server) setWhy(why Why) {
	if s.why == 0 {
		s.why = why
	}
}

// isOver reports whether the guard has to wait no longer for the other processes
// of a command that has exited: none is left, or their time is over.
func (s *server) isOver(diedAt time.Duration, outside bool) bool {
	if err := s.descendants.scan(s.pid); (err != nil || len(s.descendants.seen) > 0) && boottime.Now() < diedAt+leftoverTime {
		return false
	}
	if outside {
		s.setWhy(Outside)
	}
	s.setWhy(Itself)
	return true
}

// stop sends SIGTERM to the command's group, and has everything killed at the
// given instant.
func (s *server) stop(killAt time.Duration, why Why) {
	if s.pid == 0 || s.killAt != 0 {
		return
	}
	s.setWhy(why)
	s.killAt = killAt
	_ = unix.Kill(-s.pid, unix.SIGTERM)
	_ = unix.Kill(-s.pid, unix.SIGCONT)
}

// kill kills the group and every descendant that any scan has seen, until the
// kernel lists none of them any more. It reports the end and returns the guard's
// exit code.
func (s *server) kill() int {
	s.send(message{kind: msgKilling})
	_ = s.descendants.scan(s.pid)
	left := len(s.descendants.seen) // the command is among them if it did not exit by itself
	for backoff := time.Millisecond; ; backoff = min(2*backoff, 50*time.Millisecond) {
		_ = unix.Kill(-s.pid, unix.SIGKILL)
		err := s.descendants.scan(s.pid)
		if s.descendants.kill() == 0 && err == nil {
			break
		}
		time.Sleep(backoff)
	}
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(s.pid, &status, 0, nil); err != unix.EINTR {
			break
		}
	}
	s.send(exitedMessage(status, s.why, left))
	return 0
}

func (s *server) send(m message) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = s.conn.Write(m.appendTo(nil))
}
