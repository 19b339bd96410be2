package worker

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

func TestPreparedGuardIsUsedOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	c, err := NewCommand(played(t, mark(), "polite", file))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		if err := c.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	prepared := c.idle.PID()
	if got := guardOf(t, os.Getpid()); got != prepared {
		t.Errorf("guard %d, want %d", got, prepared)
	}
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the command", holds(file, "ready"))
	c.mu.Lock()
	if c.current.PID() != prepared {
		t.Error("the command runs under another guard")
	}
	c.mu.Unlock()
	stop(errStop)
	receive(t, result)
}

func TestDeadPreparedGuardIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	c, err := NewCommand(played(t, mark(), "polite", file))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	dead := c.idle
	dead.Abort()
	until(t, "the guard's end", func() bool { return !dead.Alive() })
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	receive(t, result)
}

func TestShortageAtARestartMayPass(t *testing.T) {
	dir := t.TempDir()
	starts, end := filepath.Join(dir, "starts"), filepath.Join(dir, "end")
	log := filepath.Join(dir, "log")
	started := func(n int) func() bool { return func() bool { return times(starts, "started") == n } }
	h := hosted{
		Path: "/bin/sh", Args: []string{"sh", "-c", "echo started >>" + starts + "; until rm " + end + " 2>/dev/null; do sleep 0.02; done; exit 1"},
		Timing: testTiming, Dir: dir, Log: log,
	}
	cmd, _ := launch(t, "host", h, started(1))
	limit := func(files func(hard uint64) uint64) {
		t.Helper()
		var l unix.Rlimit
		err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &l)
		if err == nil {
			l.Cur = files(l.Max)
			err = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, &l, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(func(uint64) uint64 { return 0 })
	note(end, "")
	until(t, "the shortage", func() bool {
		data, _ := os.ReadFile(log)
		return strings.Contains(string(data), "could not be started, which may pass")
	})
	limit(func(hard uint64) uint64 { return hard })
	until(t, "the command to be started again", started(2))
}

func TestGuardIsReadyAgainAfterATerm(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, played(t, mark(), "polite", file))
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	receive(t, result)
	until(t, "the next guard", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.idle != nil
	})
}
