package guard

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/guardname"
)

// guardThreads is more than the number of system calls that block in a guard at
// the same time.
const guardThreads = 4

// setup prepares everything that can fail, before there is a command.
func setup() (*server, error) {
	if err := unblockSignals(); err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("subreaper: %w", err)
	}
	comm := []byte(guardname.Name + "\x00")
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&comm[0])), 0, 0, 0)

	reserveThreads(guardThreads)
	s := &server{will: inheritedWill()}
	var err error
	if s.children, err = openChildren("thread-self"); err != nil {
		return nil, err
	}
	if s.killTimer, err = boottime.NewKillTimer(); err != nil {
		return nil, err
	}
	s.oomScore = openOOMScore()
	if s.home, err = unix.Open(".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		s.home = -1
	}
	if s.tie, err = newTie(); err != nil {
		return nil, fmt.Errorf("tie: %w", err)
	}
	s.groups = newTiedGroups()
	timer, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	if s.signals, err = handleSignals(); err != nil {
		return nil, err
	}
	if err := stopIgnoring(); err != nil {
		return nil, err
	}
	if err := closeOnExec(); err != nil {
		return nil, err
	}
	if err := s.isolate(Isolation(os.Getenv(envIsolation))); err != nil {
		return nil, err
	}
	for i, fd := range []int{pollConn: connFD, pollTimer: timer, pollSignal: s.signals.fd} {
		s.poll[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	return s, nil
}

// executedAgain is in the environment of a guard that unblockSignals executed again.
const executedAgain = "AGAIN"

// unblockSignals executes this program again, with no signal blocked, if it was
// started with some blocked. The command would inherit them: Go starts a child with
// the signal mask that its own process was started with.
func unblockSignals() error {
	var blocked uint64
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, 0, uintptr(unsafe.Pointer(&blocked)), 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("signal mask: %w", errno)
	}
	if blocked == 0 || os.Getenv(executedAgain) != "" {
		return nil
	}
	blocked = 0
	_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&blocked)), 0, 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("signal mask: %w", errno)
	}
	return fmt.Errorf("exec: %w", syscall.Exec(self, os.Args, append(os.Environ(), executedAgain+"=1")))
}

// closeOnExec keeps every descriptor but 0 to 2 from the command, including those
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
