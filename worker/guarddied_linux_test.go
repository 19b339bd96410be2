package worker

import (
	"context"
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

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/exitcode"
)

// currentGuard returns the guard of the run that a command is in.
func currentGuard(c *Command) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.PID()
}

// count returns how often a file has a line that ends with text.
func count(file, text string) int {
	data, _ := os.ReadFile(file)
	return strings.Count(string(data), text+"\n")
}

func TestCommand_DeathOfTheGuardIsNoFinalExit(t *testing.T) {
	t.Parallel()
	for _, policy := range []config.Restart{config.RestartAlways, config.RestartOnFailure} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "log")
			ctx, stop := context.WithCancelCause(context.Background())
			spec := testSpec(t, testMark(), "polite", file)
			spec.Restart = policy
			var log output
			spec.Log = zerolog.New(&log)
			c, result := start(t, ctx, spec)
			waitFor(t, "the command", contains(file, "ready"))
			waitFor(t, "the guard to report it", logged(&log, "command started"))
			_ = unix.Kill(currentGuard(c), unix.SIGKILL)
			waitFor(t, "the command to be restarted", func() bool { return count(file, "ready") >= 2 })
			stop(errStop)
			wantCause(t, result)
			if c.backoff.failures != 1 {
				t.Errorf("%d failures, want 1", c.backoff.failures)
			}
		})
	}
}

// The kernel kills a frozen guard when the lease ends.
func TestCommand_GuardThatDiedAtTheLeasesEndIsNoFailure(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	spec := testSpec(t, testMark(), "polite", file)
	spec.Restart, spec.Timing.StopGrace = config.RestartNever, shortGrace
	c := newPrepared(t, spec)
	c.Extend(boottime.Now() + shortGrace + leeway)
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, c)
	waitFor(t, "the command", contains(file, "ready"))
	guard := currentGuard(c)
	freeze(t, guard)
	waitFor(t, "the kernel to kill the guard", func() bool { return !isAlive(guard) })
	c.Extend(boottime.Now() + time.Hour)
	waitFor(t, "the command to be restarted", func() bool { return count(file, "ready") >= 2 })
	stop(errStop)
	wantCause(t, result)
	if c.backoff.failures != 0 {
		t.Errorf("%d failures, want none", c.backoff.failures)
	}
}

func TestCommand_ReplacesAGuardThatDiedBeforeItsOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	spec := testSpec(t, testMark(), "polite", file)
	spec.Restart = config.RestartNever
	c := newPrepared(t, spec)
	c.Extend(boottime.Now() + time.Hour)
	freeze(t, c.prepared.PID()) // it counts as alive, and does not answer any more
	ctx, stop := context.WithCancelCause(context.Background())
	dead := c.prepared
	result := runAsync(ctx, c)
	waitFor(t, "the guard to have its order", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.current == dead
	})
	dead.Abort()
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	wantCause(t, result)
	if c.backoff.exits != 0 {
		t.Errorf("%d exits counted, want none", c.backoff.exits)
	}
}

func TestCommand_LeftoversAreNoneOfAnotherCommandOfTheSameInstance(t *testing.T) {
	id := uuid.New()
	run := func(file, mark string) (*Command, func()) {
		c, err := NewCommand(testSpec(t, mark, "polite", file))
		if err != nil {
			t.Fatal(err)
		}
		c.Extend(boottime.Now() + time.Hour)
		ctx, stop := context.WithCancelCause(context.Background())
		result := make(chan error, 1)
		go func() { result <- c.Run(ctx, testTerm, id) }()
		waitFor(t, "the command", contains(file, "ready"))
		return c, func() {
			stop(errStop)
			receive(t, result)
			c.Close()
		}
	}
	dir, m := t.TempDir(), testMark()
	one, stopOne := run(filepath.Join(dir, "one"), testMark())
	_, stopOther := run(filepath.Join(dir, "other"), m)
	before := alive(m)
	_ = unix.Kill(currentGuard(one), unix.SIGKILL)
	waitFor(t, "the second start", func() bool { return count(filepath.Join(dir, "one"), "ready") >= 2 })
	if after := alive(m); !slices.Equal(before, after) {
		t.Errorf("the other command's processes were %v and are %v", before, after)
	}
	stopOne()
	stopOther()
}

func TestStartCode_IsZeroIfAnotherTryMaySucceed(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
	}{
		{unix.ENOENT, exitcode.NotFound},
		{&fs.PathError{Err: unix.ENOENT}, exitcode.NotFound},
		{unix.EACCES, exitcode.NotExecutable},
		{unix.EPERM, exitcode.NotExecutable},
		{unix.ENOEXEC, exitcode.NotExecutable},
		{fmt.Errorf("x: %w", unix.ENOTDIR), exitcode.NotExecutable},
		{unix.E2BIG, exitcode.NotExecutable},
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

// A file that is open for writing cannot be executed, until it is closed.
func TestCommand_TriesAgainWhileItsFileIsBeingWritten(t *testing.T) {
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
	spec := testSpec(t, testMark(), "")
	spec.Path, spec.Args, spec.Restart = path, []string{"sh", "-c", "echo ran >" + log}, config.RestartNever
	var said output
	spec.Log = zerolog.New(&said)
	_, result := start(t, context.Background(), spec)
	waitFor(t, "the first try", logged(&said, "could not be started, and is tried again"))
	if log := said.String(); strings.Contains(log, "cannot be executed") || strings.Contains(log, "command exited") {
		t.Errorf("it did not exit, and may be executed yet:\n%s", log)
	}
	busy.Close()
	wantExit(t, result, 0)
	if count(log, "ran") != 1 {
		t.Error("the command did not run once")
	}
}
