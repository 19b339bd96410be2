package guard

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
)

const (
	initArg   = "init"  // the only argument of the init of a PID namespace
	envMount  = "MOUNT" // in its environment: it may mount /proc, since nobody else has its mounts
	initFD    = 3       // where it says that it is ready
	initReady = '+'     // the first byte of that; then, if /proc could not be mounted, why
)

// isInit reports whether this process was started as the init of a PID namespace. The
// program must never continue as anything else then.
func isInit() bool {
	return len(os.Args) == 2 && os.Args[0] == guardname.Name && os.Args[1] == initArg
}

// serveInit is the init of a PID namespace. It reaps the orphans, and does nothing else: it
// is there so that the kernel ends the namespace with it.
func serveInit() int {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, guardname.Name, initArg+": only a guard can start this")
		return 1
	}
	comm := []byte(guardname.Init + "\x00")
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&comm[0])), 0, 0, 0)

	// The kernel ignores signals from inside the namespace that this process has no handler
	// for, SIGKILL and SIGSTOP among them. Go has handlers for most others, and nobody reads
	// what they pass on.
	signal.Notify(make(chan os.Signal, 1))
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, unix.SIGCHLD)

	reserveThreads(guardThreads) // a command that uses up all PIDs must not end its init
	answer := []byte{initReady}
	if os.Getenv(envMount) != "" {
		if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			answer = append(answer, err.Error()...)
		}
	}
	// With a capability that the guard lacks, /proc might hide this process from it.
	if err := errors.Join(dropCapability(), diesWithGuard()); err != nil {
		_, _ = unix.Write(initFD, []byte(err.Error()))
		return 1
	}
	if _, err := unix.Write(initFD, answer); err != nil {
		return 1 // the guard died before the kernel was told to kill this process with it
	}
	_ = unix.Close(initFD)
	for {
		_, err := unix.Wait4(-1, nil, unix.WALL, nil)
		if errors.Is(err, unix.ECHILD) {
			<-deaths
		}
	}
}

// diesWithGuard returns an error unless the kernel kills this process when the guard dies.
// The command is started after that.
func diesWithGuard() error {
	var sig int32
	if err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0, 0, 0); err != nil {
		return fmt.Errorf("parent-death signal: %w", err)
	}
	if unix.Signal(sig) != unix.SIGKILL {
		return fmt.Errorf("the parent-death signal is %d: want %d", sig, unix.SIGKILL)
	}
	return nil
}
