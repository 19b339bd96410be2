package guard

import (
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// signals notes the signals that the guard receives.
type signals struct {
	fd        int          // readable after any signal
	stoppedAt atomic.Int64 // when the latest signal came that orders a process to stop; 0: none came
}

// orderTime is how long after such a signal the end of the command is put down to
// the same order.
const orderTime = 5 * time.Second

// orderedToStop reports whether this process was ordered to stop a short time ago.
// Whoever wants to stop the command signals Understudy and not its guard, so the
// signal was for a whole unit, a session or the machine.
func (s *signals) orderedToStop() bool {
	at := s.stoppedAt.Load()
	return at != 0 && boottime.Now() < time.Duration(at)+orderTime
}

// ordered reports whether this process was ordered to stop since forget was called.
func (s *signals) ordered() bool { return s.stoppedAt.Load() != 0 }

// forget is called before a command starts, which an earlier signal did not reach.
func (s *signals) forget() { s.stoppedAt.Store(0) }

// handleSignals handles all signals that would end or stop this process. It ignores
// none, since the command would inherit that; a handled one has its default in the
// command.
func handleSignals() (*signals, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	s := &signals{fd: fd}
	ch := make(chan os.Signal, 64)
	signal.Notify(ch, unix.SIGCHLD, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT,
		unix.SIGABRT, // systemd's watchdog sends it to a whole unit
		unix.SIGPIPE, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
	go func() {
		one := [8]byte{1}
		for sig := range ch {
			switch sig {
			case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGABRT:
				s.stoppedAt.Store(int64(boottime.Now()))
			}
			_, _ = unix.Write(fd, one[:])
		}
	}()
	return s, nil
}

// stopIgnoring gives the signals of the C library their default action, if they are
// ignored. Go handles every other signal, which has its default in the command; these it
// leaves to the C library, if there is one in this program. The C library ignores them in
// a program that its posix_spawn starts, as make does, and the command would inherit it.
func stopIgnoring() error {
	const first, last = 32, 34
	for sig := uintptr(first); sig <= last; sig++ {
		var present, usual [8]uintptr // the kernel's struct sigaction is shorter, and begins with the action
		const ignored = 1
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&present)), 8, 0, 0)
		if errno == 0 && present[0] == ignored {
			_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&usual)), 0, 8, 0, 0)
		}
		if errno != 0 {
			return fmt.Errorf("action of signal %d: %w", sig, errno)
		}
	}
	return nil
}
