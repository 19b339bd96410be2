package guard

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

const connFD = 3 // to Understudy

func init() {
	if len(os.Args) != 1 || os.Args[0] != argv0 {
		return
	}
	sa, err := unix.Getsockname(connFD)
	if _, local := sa.(*unix.SockaddrUnix); err != nil || !local {
		return
	}
	syscall.Exit(serve()) // at once: no hooks of a host program
}

// server is the guard process. It has the same duties as on Linux, without the
// kernel's help: no subreaper, no parent-death signal, no tie, no timer.
type server struct {
	conn *os.File
	pid  int
	tree tree
	why  Why

	lease, grace, margin time.Duration
	killBy               time.Duration // while stopping
}

func serve() int {
	syscall.CloseOnExec(connFD)
	_ = syscall.SetNonblock(connFD, true)
	s := &server{conn: os.NewFile(connFD, "understudy")}
	notes := make(chan os.Signal, 64)
	signal.Notify(notes, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT, unix.SIGPIPE)
	said := make(chan message)
	go s.listen(said)
	s.send(message{kind: mReady})

	exited := make(chan struct{})
	tick := time.NewTicker(20 * time.Millisecond)
	outside := false
	var died time.Duration
	for {
		select {
		case m, ok := <-said:
			switch {
			case !ok && s.pid == 0:
				return 0
			case !ok, m.kind == mKill && s.pid != 0:
				s.because(Asked)
				return s.kill()
			case m.kind == mOrder && s.pid == 0:
				if !s.start(m.order(), exited) {
					return 0
				}
			case m.kind == mExtend:
				s.extend(time.Duration(m.numbers[0]))
			case m.kind == mStop:
				s.stop(time.Duration(m.numbers[0]), Asked)
			}
		case <-exited:
			exited, died = nil, boottime.Now()
			if s.over(died, outside) {
				return s.kill()
			}
		case sig := <-notes:
			outside = outside || s.pid != 0 && sig != unix.SIGPIPE
		case <-tick.C:
			if s.pid == 0 {
				continue
			}
			now := boottime.Now()
			if now >= s.lease-s.grace {
				s.stop(s.lease-s.margin, Expired)
			}
			if now >= s.lease-s.margin || s.killBy != 0 && now >= s.killBy {
				return s.kill()
			}
			if died == 0 {
				_ = s.tree.look(s.pid) // again with the next tick
			} else if s.over(died, outside) {
				return s.kill()
			}
		}
	}
}

func (s *server) listen(said chan<- message) {
	defer close(said)
	var in []byte
	chunk := make([]byte, 4<<10)
	for {
		n, err := s.conn.Read(chunk)
		in = append(in, chunk[:n]...)
		for {
			m, rest, ok, bad := cut(in)
			if bad != nil {
				return
			}
			if !ok {
				break
			}
			in = rest
			said <- m
		}
		if err != nil {
			return
		}
	}
}

func (s *server) extend(until time.Duration) {
	if until > s.lease && until > boottime.Now() {
		s.lease = until
	}
}

func (s *server) start(o Order, exited chan<- struct{}) bool {
	s.extend(o.Lease)
	s.grace, s.margin = o.Grace, o.Margin
	if boottime.Now() >= s.lease-s.grace {
		s.send(message{kind: mLate})
		return false
	}
	if err := enter(o.Dir); err != nil {
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
	s.send(message{kind: mStarted, numbers: []int64{int64(pid)}})
	go func() {
		defer close(exited)
		awaitExit(pid)
	}()
	return true
}

// awaitExit waits until a child has exited, and leaves it unreaped, so that its
// number, which is also its group's, stays its own.
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
			return // ESRCH: it has exited before
		}
	}
}

func (s *server) because(why Why) {
	if s.why == 0 {
		s.why = why
	}
}

// over reports whether there is nobody, or nothing, to wait for any more after the
// command exited.
func (s *server) over(died time.Duration, outside bool) bool {
	if err := s.tree.look(s.pid); (err != nil || len(s.tree.seen) > 0) && boottime.Now() < died+lastMoment {
		return false
	}
	if outside {
		s.because(Outside)
	}
	s.because(Itself)
	return true
}

func (s *server) stop(killBy time.Duration, why Why) {
	if s.pid == 0 || s.killBy != 0 {
		return
	}
	s.because(why)
	s.killBy = killBy
	_ = unix.Kill(-s.pid, unix.SIGTERM)
	_ = unix.Kill(-s.pid, unix.SIGCONT)
}

// kill kills the group and every descendant that was ever seen, until the
// kernel lists none of them any more.
func (s *server) kill() int {
	s.send(message{kind: mKilling})
	_ = s.tree.look(s.pid)
	left := len(s.tree.seen) // the command among them, if it did not exit by itself
	for nap := time.Millisecond; ; nap = min(2*nap, 50*time.Millisecond) {
		_ = unix.Kill(-s.pid, unix.SIGKILL)
		err := s.tree.look(s.pid)
		if s.tree.kill() == 0 && err == nil {
			break
		}
		time.Sleep(nap)
	}
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(s.pid, &status, 0, nil); err != unix.EINTR {
			break
		}
	}
	code := status.ExitStatus()
	if status.Signaled() {
		code = 128 + int(status.Signal())
	}
	s.send(message{kind: mExited, numbers: []int64{int64(code), int64(s.why), int64(left)}})
	return 0
}

func (s *server) send(m message) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = s.conn.Write(m.appendTo(nil))
}
