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
)

func TestWhoCannotBeBuriedIsNamedAndHoldsRunUp(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	spec := played(t, m, "polite", file)
	var log output
	spec.Log = zerolog.New(&log)
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, spec)
	until(t, "the command", holds(file, "ready"))
	pid := theOne(t, m)

	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0); errno != 0 {
		t.Skip("may not trace here:", errno)
	}
	stop(now{})
	named := fmt.Sprintf("%d ", pid)
	until(t, "a complaint", func() bool {
		s := log.String()
		return strings.Contains(s, "does not die") && strings.Contains(s, named)
	})
	select {
	case err := <-result:
		t.Errorf("Run returned %v while a process was left", err)
	default:
	}
	for { // the tracer lets go
		if got, err := unix.Wait4(pid, nil, unix.WALL, nil); err != unix.EINTR {
			if err != nil || got != pid {
				t.Fatalf("wait4: %d, %v", got, err)
			}
			break
		}
	}
	if err := receive(t, result); !errors.As(err, new(now)) {
		t.Errorf("Run returned %v, want the cause", err)
	}
}

func TestSignalToTheWholeUnitIsNoFinalExit(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	spec := played(t, m, "polite", file)
	spec.Restart = OnFailure
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, spec)
	until(t, "the command", holds(file, "ready"))
	for _, pid := range []int{guardNow(c), theOne(t, m)} {
		if err := unix.Kill(pid, unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the command's end", func() bool { return len(alive(m)) == 0 })
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause and no final exit", err)
	}
}
