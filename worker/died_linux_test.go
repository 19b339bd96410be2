package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// guardNow is the guard of what a command runs now.
func guardNow(c *Command) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.PID()
}

func times(file, text string) int {
	data, _ := os.ReadFile(file)
	return strings.Count(string(data), text+"\n")
}

func TestKilledGuardIsNoFinalExit(t *testing.T) {
	for _, policy := range []Policy{Always, OnFailure} {
		t.Run(string(policy), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "log")
			ctx, stop := context.WithCancelCause(context.Background())
			spec := played(t, mark(), "polite", file)
			spec.Restart = policy
			var log output
			spec.Log = zerolog.New(&log)
			c, result := start(t, ctx, spec)
			until(t, "the command", holds(file, "ready"))
			until(t, "the guard's word of it", logged(&log, "command started"))
			_ = unix.Kill(guardNow(c), unix.SIGKILL)
			until(t, "the command to be restarted", func() bool { return times(file, "ready") >= 2 })
			stop(errStop)
			if err := receive(t, result); !errors.Is(err, errStop) {
				t.Errorf("Run returned %v, want the cause", err)
			}
			if c.backoff.failures != 1 {
				t.Errorf("%d failures, want 1", c.backoff.failures)
			}
		})
	}
}

// A frozen guard is ended by the kernel when the lease is over.
func TestGuardThatDiedOfItsLeaseIsNoFailure(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	spec := played(t, mark(), "polite", file)
	spec.Restart, spec.Timing.StopGrace = Never, shortGrace
	c, err := NewCommand(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Extend(boottime.Now() + shortGrace + leeway)
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the command", holds(file, "ready"))
	guard := guardNow(c)
	freeze(t, guard)
	until(t, "the kernel to end the guard", func() bool { return !there(guard) })
	c.Extend(boottime.Now() + time.Hour)
	until(t, "the command to be restarted", func() bool { return times(file, "ready") >= 2 })
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if c.backoff.failures != 0 {
		t.Errorf("%d failures, want none", c.backoff.failures)
	}
}

func TestGuardThatWasDeadBeforeItsOrderIsReplacedAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	spec := played(t, mark(), "polite", file)
	spec.Restart = Never
	c, err := NewCommand(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Extend(boottime.Now() + time.Hour)
	freeze(t, c.idle.PID()) // passes for a live one, and says no more
	ctx, stop := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	dead := c.idle
	go func() { result <- c.Run(ctx, testTerm, uuid.New()) }()
	until(t, "the guard to have its order", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.current == dead
	})
	dead.Abort()
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if c.backoff.exits != 0 {
		t.Errorf("%d exits counted, want none", c.backoff.exits)
	}
}

func TestSweepSparesAnotherCommandOfTheSameInstance(t *testing.T) {
	id := uuid.New()
	run := func(file, mark string) (*Command, func()) {
		c, err := NewCommand(played(t, mark, "polite", file))
		if err != nil {
			t.Fatal(err)
		}
		c.Extend(boottime.Now() + time.Hour)
		ctx, stop := context.WithCancelCause(context.Background())
		result := make(chan error, 1)
		go func() { result <- c.Run(ctx, testTerm, id) }()
		until(t, "the command", holds(file, "ready"))
		return c, func() {
			stop(errStop)
			receive(t, result)
			c.Close()
		}
	}
	dir, m := t.TempDir(), mark()
	one, stopOne := run(filepath.Join(dir, "one"), mark())
	_, stopOther := run(filepath.Join(dir, "other"), m)
	before := alive(m)
	_ = unix.Kill(guardNow(one), unix.SIGKILL)
	until(t, "the sweep to be over", func() bool { return times(filepath.Join(dir, "one"), "ready") >= 2 })
	if after := alive(m); !slices.Equal(before, after) {
		t.Errorf("the other command's processes were %v and are %v", before, after)
	}
	stopOne()
	stopOther()
}

func TestStartCode(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
	}{
		{unix.ENOENT, CodeNotFound},
		{&fs.PathError{Err: unix.ENOENT}, CodeNotFound},
		{unix.EACCES, CodeNotExecutable},
		{unix.EPERM, CodeNotExecutable},
		{unix.ENOEXEC, CodeNotExecutable},
		{fmt.Errorf("x: %w", unix.ENOTDIR), CodeNotExecutable},
		{unix.E2BIG, CodeNotExecutable},
		{unix.EAGAIN, 0},
		{unix.ENOMEM, 0},
		{unix.EMFILE, 0},
		{unix.ENFILE, 0},
		{unix.ETXTBSY, 0},
		{syscall.Errno(0), 0},
	} {
		if code := startCode(tt.err); code != tt.code {
			t.Errorf("%v: code %d, want %d", tt.err, code, tt.code)
		}
	}
}

// A file that is open for writing can't be executed, until it is closed.
func TestWhatMayPassIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	log, path := filepath.Join(dir, "log"), filepath.Join(dir, "program")
	data, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Skip("no shell here:", err)
	}
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	busy, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	spec := played(t, mark(), "")
	spec.Path, spec.Args, spec.Restart = path, []string{"sh", "-c", "echo ran >" + log}, Never
	var said output
	spec.Log = zerolog.New(&said)
	_, result := start(t, context.Background(), spec)
	until(t, "the first try", logged(&said, "could not be started, which may pass"))
	if log := said.String(); strings.Contains(log, "can't be executed") || strings.Contains(log, "command exited") {
		t.Errorf("it did not exit, and may be executed yet:\n%s", log)
	}
	busy.Close()
	var exit *Exit
	if err := receive(t, result); !errors.As(err, &exit) || exit.Code != 0 {
		t.Errorf("Run returned %v, want exit code 0", err)
	}
	if times(log, "ran") != 1 {
		t.Error("the command did not run once")
	}
}
