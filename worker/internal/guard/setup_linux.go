package guard

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// guardThreads are more than the kernel's calls that a guard has open at a time.
const guardThreads = 4

// setup makes everything ready that can fail, before there is a command.
func setup() (*server, error) {
	if err := unmask(); err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("subreaper: %w", err)
	}
	comm := []byte(argv0 + "\x00")
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&comm[0])), 0, 0, 0)

	reserveThreads(guardThreads)
	s := new(server)
	var err error
	if s.kids, err = openChildren("thread-self"); err != nil {
		return nil, err
	}
	if s.fuse, err = boottime.NewKillTimer(); err != nil {
		return nil, err
	}
	s.adj = openVictim()
	if s.tie, err = newTie(); err != nil {
		return nil, fmt.Errorf("tie: %w", err)
	}
	s.ties = newTies()
	timer, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	if s.told, err = notify(); err != nil {
		return nil, err
	}
	if err := closeOnExec(); err != nil {
		return nil, err
	}
	for i, fd := range []int{pollConn: connFD, pollTimer: timer, pollSignal: s.told.fd} {
		s.poll[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	return s, nil
}

// unmask executes this program once more if it was started with signals
// blocked: the command would inherit that, and Go gives a child the mask that
// its own process was started with.
func unmask() error {
	var blocked uint64
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, 0, uintptr(unsafe.Pointer(&blocked)), 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("signal mask: %w", errno)
	}
	if blocked == 0 || os.Getenv("AGAIN") != "" {
		return nil
	}
	blocked = 0
	_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&blocked)), 0, 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("signal mask: %w", errno)
	}
	return fmt.Errorf("exec: %w", syscall.Exec(self, os.Args, append(os.Environ(), again)))
}

// closeOnExec keeps every descriptor but 0 to 2 from the command, also those
// that Understudy itself was started with.
func closeOnExec() error {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("descriptors: %w", err)
	}
	for _, entry := range list {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// signals are those that this process received.
type signals struct {
	fd   int          // readable after any
	stop atomic.Int64 // when the latest one came that means to stop; 0: none has
}

// lately is how long after a signal to this process the command's end is put down
// to the same order.
const lately = 5 * time.Second

// toldToStop reports whether this process was told to stop, which people have
// Understudy do: so somebody told all of a unit, a session or a machine.
func (s *signals) toldToStop() bool {
	at := s.stop.Load()
	return at != 0 && boottime.Now() < time.Duration(at)+lately
}

// notify has signals handled. None is ignored, for the command would inherit
// that; with a handler here it begins with the default.
func notify() (*signals, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	s := &signals{fd: fd}
	ch := make(chan os.Signal, 64)
	signal.Notify(ch, unix.SIGCHLD, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT,
		unix.SIGABRT, // systemd's watchdog sends it to all of a unit
		unix.SIGPIPE, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
	go func() {
		one := [8]byte{1}
		for sig := range ch {
			switch sig {
			case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT:
				s.stop.Store(int64(boottime.Now()))
			}
			_, _ = unix.Write(fd, one[:])
		}
	}()
	return s, nil
}

// sleep waits until there is something to do.
func (s *server) sleep() {
	if due := s.due(); due != s.armed {
		s.armed = due
		spec := unix.ItimerSpec{}
		if due != 0 {
			spec.Value = unix.NsecToTimespec(max(int64(due), 1))
		}
		_ = unix.TimerfdSettime(int(s.poll[pollTimer].Fd), unix.TFD_TIMER_ABSTIME, &spec, nil)
	}
	var timeout *unix.Timespec
	poll := s.poll[:]
	if s.phase == killing || s.kids.more {
		ts := unix.NsecToTimespec(int64(s.nap))
		timeout = &ts
	}
	if s.phase == killing && s.nap < time.Millisecond {
		poll = nil // every death would wake us
	}
	_, _ = unix.Ppoll(poll, timeout, nil)
	var count [8]byte
	_, _ = unix.Read(s.told.fd, count[:]) // reset, if it was set at all
}

const (
	minNap = 50 * time.Microsecond
	maxNap = 50 * time.Millisecond
)

// napAfter is how long to wait after a round of killing that took some time
// and found some dead to reap, or none. To die takes a processor, too, of
// which we must not use more than half; who cannot be killed takes for ever.
func napAfter(nap, took time.Duration, some bool) time.Duration {
	if some {
		nap = 0
	}
	return min(max(2*nap, took, minNap), maxNap)
}
