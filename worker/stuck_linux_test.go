package worker

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
)

func TestCommand_RunWaitsForAProcessThatCannotBeReapedAndLogsIt(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	spec := testSpec(t, m, "polite", file)
	var log output
	spec.Log = zerolog.New(&log)
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	pid := onlyProcess(t, m)

	runtime.LockOSThread() // the tracer is one thread
	defer runtime.UnlockOSThread()
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0); errno != 0 {
		t.Skip("may not trace here:", errno)
	}
	stop(immediateStop{})
	named := fmt.Sprintf("%d ", pid)
	waitFor(t, "the log to name the process", func() bool {
		s := log.String()
		return strings.Contains(s, "does not die") && strings.Contains(s, named)
	})
	select {
	case err := <-result:
		t.Errorf("Run returned %v while a process was left", err)
	default:
	}
	for { // the tracer releases it
		if got, err := unix.Wait4(pid, nil, unix.WALL, nil); err != unix.EINTR {
			if err != nil || got != pid {
				t.Fatalf("wait4: %d, %v", got, err)
			}
			break
		}
	}
	if err := receive(t, result); !errors.As(err, new(immediateStop)) {
		t.Errorf("Run returned %v, want the cause", err)
	}
}

func TestCommand_SignalToTheWholeUnitIsNoFinalExit(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	spec := testSpec(t, m, "polite", file)
	spec.Restart = config.RestartOnFailure
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	for _, pid := range []int{currentGuard(c), onlyProcess(t, m)} {
		if err := unix.Kill(pid, unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "the command's end", func() bool { return len(alive(m)) == 0 })
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause and no final exit", err)
	}
}
