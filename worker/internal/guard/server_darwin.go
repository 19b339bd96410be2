package guard

import (
	"os"
	"sync"
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

	run   int64 // the number of the order
	mu    sync.Mutex
	files []int // passed along with the order

	lease, grace, margin time.Duration
	killAt               time.Duration // while stopping
	limit                time.Duration // when the command is asked to stop at the latest; 0: no limit
	limitGrace           time.Duration
}

// receive reads from the socket until it ends, and calls handle with each message.
func (s *server) receive(handle func(message)) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var d decoder
	chunk := make([]byte, 4<<10)
	for {
		var n int
		var fds []int
		waitErr := raw.Read(func(fd uintptr) bool {
			for {
				n, fds, err = readWith(int(fd), chunk)
				if err != unix.EINTR {
					return err != unix.EAGAIN
				}
			}
		})
		if waitErr != nil || err != nil || n == 0 {
			return nil
		}
		s.mu.Lock()
		s.files = append(s.files, fds...)
		s.mu.Unlock()
		if err := d.decode(chunk[:n], handle); err != nil {
			return err
		}
	}
}

// output returns the standard output and error of the command, and what closes them in
// this process.
func (s *server) output() (files []uintptr, closeAll func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fds := s.files
	closeAll = func() {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}
	if len(fds) != 2 {
		return []uintptr{1, 2}, closeAll
	}
	return []uintptr{uintptr(fds[0]), uintptr(fds[1])}, closeAll
}

func (s *server) extend(until time.Duration) {
	if until > s.lease && until > boottime.Now() {
		s.lease = until
	}
}

// start executes the command, or reports why it did not. It closes exited when the
// command has exited.
func (s *server) start(m message, exited chan<- struct{}) bool {
	o := m.order()
	output, closeAll := s.output()
	s.run = m.run
	s.extend(o.Lease)
	s.grace, s.margin, s.limit, s.limitGrace = o.Grace, o.Margin, o.Limit, o.LimitGrace
	if boottime.Now() >= s.lease-s.grace {
		s.send(message{kind: msgLate, run: s.run})
		return false
	}
	if err := chdir(o.Dir); err != nil {
		s.send(notStarted(s.run, err, o.Dir))
		return false
	}
	pid, err := syscall.ForkExec(o.Path, o.Args, &syscall.ProcAttr{
		Env:   o.Env,
		Files: append([]uintptr{0}, output...),
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	closeAll()
	if err != nil {
		s.send(notStarted(s.run, err))
		return false
	}
	s.pid = pid
	s.send(message{kind: msgStarted, run: s.run, numbers: []int64{int64(pid)}})
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
	s.send(message{kind: msgKilling, run: s.run})
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
	s.send(exitedMessage(s.run, status, s.why, left, false))
	return 0
}

func (s *server) send(m message) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = s.conn.Write(m.appendTo(nil))
}
