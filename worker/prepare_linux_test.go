package worker

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

func TestPrepare_GuardIsUsedOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	c := newPrepared(t, testSpec(t, testMark(), "polite", file))
	prepared := c.prepared.PID()
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := c.prepared.PID(); again != prepared {
		t.Errorf("Prepare replaced guard %d by %d", prepared, again)
	}
	if got := guardOf(t, os.Getpid()); got != prepared {
		t.Errorf("guard %d, want %d", got, prepared)
	}
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, c)
	waitFor(t, "the command", contains(file, "ready"))
	c.mu.Lock()
	if c.current.PID() != prepared {
		t.Error("the command runs under another guard")
	}
	c.mu.Unlock()
	stop(errStop)
	receive(t, result)
}

func TestPrepare_DeadGuardIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	c := newPrepared(t, testSpec(t, testMark(), "polite", file))
	dead := c.prepared
	dead.Abort()
	waitFor(t, "the guard's end", func() bool { return !dead.Alive() })
	c.Extend(boottime.Now() + time.Hour)
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, c)
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	receive(t, result)
}

func TestCommand_TriesAgainAfterAShortageOfDescriptors(t *testing.T) {
	dir := t.TempDir()
	starts, end := filepath.Join(dir, "starts"), filepath.Join(dir, "end")
	log := filepath.Join(dir, "log")
	started := func(n int) func() bool { return func() bool { return count(starts, "started") == n } }
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
	appendLine(end, "")
	waitFor(t, "the failed start", func() bool {
		data, _ := os.ReadFile(log)
		return strings.Contains(string(data), "could not be started, and is tried again")
	})
	limit(func(hard uint64) uint64 { return hard })
	waitFor(t, "the command to be started again", started(2))
}

func TestPrepare_GuardIsReadyAgainAfterATerm(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, testSpec(t, testMark(), "polite", file))
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	receive(t, result)
	waitFor(t, "the next guard", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.prepared != nil
	})
}
