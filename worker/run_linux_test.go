package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/exitcode"
)

func TestCommand_FinalExits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy config.Restart
		mode   string
		args   []string
		code   int
	}{
		{"never, 0", config.RestartNever, "exit", []string{"0"}, 0},
		{"never, 3", config.RestartNever, "exit", []string{"3"}, 3},
		{"on-failure, 0", config.RestartOnFailure, "exit", []string{"0"}, 0},
		{"never, by a signal", config.RestartNever, "pipe", nil, 128 + 13},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := testMark()
			spec := testSpec(t, m, tt.mode, tt.args...)
			spec.Restart = tt.policy
			_, result := start(t, context.Background(), spec)
			wantExit(t, result, tt.code)
			wantGone(t, m)
		})
	}
}

// A context that cannot end has no channel.
func TestCommand_RunsOnUnderAContextThatCannotEnd(t *testing.T) {
	t.Parallel()
	m := testMark()
	spec := testSpec(t, m, "")
	spec.Path, spec.Args = "/bin/sh", []string{"sh", "-c", "sleep " + strconv.Itoa(int(answerTime/time.Second)+1) + "; exit 9"}
	spec.Restart = config.RestartNever
	_, result := start(t, context.Background(), spec)
	wantExit(t, result, 9)
	wantGone(t, m)
}

func TestCommand_RestartsAfterOtherExits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy config.Restart
		code   string
	}{
		{"always, 0", config.RestartAlways, "0"},
		{"always, 1", config.RestartAlways, "1"},
		{"on-failure, 1", config.RestartOnFailure, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file, m := filepath.Join(t.TempDir(), "log"), testMark()
			spec := testSpec(t, m, "")
			spec.Path, spec.Args = "/bin/sh", []string{"sh", "-c", "echo ran >>" + file + "; exit " + tt.code}
			spec.Restart = tt.policy
			ctx, stop := context.WithCancelCause(context.Background())
			_, result := start(t, ctx, spec)
			waitFor(t, "a second run", func() bool { return count(file, "ran") >= 2 })
			stop(errStop)
			wantCause(t, result)
		})
	}
}

func TestCommand_ReportsEachFailureFromTheFifthOn(t *testing.T) {
	t.Parallel()
	spec := testSpec(t, testMark(), "exit", "1")
	c, err := NewCommand(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Extend(boottime.Now() + time.Hour)
	c.backoff.failures = maxFailures - 1
	if err := c.Run(t.Context(), testTerm, uuid.New()); !errors.Is(err, ErrFailed) {
		t.Fatalf("Run returned %v, want ErrFailed", err)
	}
	if n := c.Restarts(); n != 0 {
		t.Errorf("%d restarts after one start", n)
	}
	next := c.notBefore
	if err := c.Run(t.Context(), testTerm, uuid.New()); !errors.Is(err, ErrFailed) {
		t.Fatalf("Run returned %v, want ErrFailed again", err)
	}
	if early := time.Until(next); early > 0 {
		t.Errorf("failed again %v before the backoff was over", early)
	}
	if n := c.Restarts(); n != 1 {
		t.Errorf("%d restarts after two starts", n)
	}
	c.exitedItself, c.notBefore, c.backoff.failures = false, time.Time{}, maxFailures-1 // like a promotion after a stop that Run was asked for
	if err := c.Run(t.Context(), testTerm, uuid.New()); !errors.Is(err, ErrFailed) || c.Restarts() != 1 {
		t.Errorf("Run returned %v, and counted %d restarts, want ErrFailed and no restart more: a promotion is none", err, c.Restarts())
	}
}

func TestCommand_ThatCannotBeExecutedHasTheExitCodeOfShells(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte("neither ELF nor script"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		code int
	}{{filepath.Join(dir, "deleted"), exitcode.NotFound}, {garbage, exitcode.NotExecutable}} {
		t.Run(filepath.Base(tt.path), func(t *testing.T) {
			spec := testSpec(t, testMark(), "")
			spec.Path, spec.Args, spec.Restart = tt.path, nil, config.RestartNever
			_, result := start(t, context.Background(), spec)
			wantExit(t, result, tt.code)
		})
	}
}

func TestCommand_DoesNotStartWithoutALease(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	spec := testSpec(t, m, "polite", file)
	var log output
	spec.Log = zerolog.New(&log)
	c := newPrepared(t, spec)
	c.Extend(boottime.Now() + testTiming.StopGrace) // no more than the grace is left
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, c)
	waitFor(t, "Run to wait", logged(&log, "waiting for a lease"))
	c.mu.Lock()
	if c.prepared == nil || c.current != nil || len(alive(m)) > 0 {
		t.Error("the command runs, or its guard has its order")
	}
	c.mu.Unlock()
	c.Extend(boottime.Now() + time.Hour)
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	receive(t, result)
}

func TestCommand_RestartsUnderANewLeaseAfterOneRanOut(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	c := newPrepared(t, testSpec(t, m, "polite", file))
	c.Extend(boottime.Now() + testTiming.StopGrace + leeway)
	ctx, stop := context.WithCancelCause(context.Background())
	result := runAsync(ctx, c)
	waitFor(t, "the command to be stopped", contains(file, "terminated"))
	c.Extend(boottime.Now() + time.Hour)
	waitFor(t, "the command to be restarted", func() bool { return count(file, "ready") >= 2 })
	stop(errStop)
	receive(t, result)
	if c.backoff.failures != 0 {
		t.Error("the end of a lease counts as a failure")
	}
}

func TestCommand_IgnoresAnEarlierLease(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := testSpec(t, m, "polite", file)
	var log output
	spec.Log = zerolog.New(&log)
	c, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	c.mu.Lock()
	g := c.current
	c.mu.Unlock()
	g.Extend(boottime.Now() + 100*time.Millisecond) // directly, since Command.Extend ignores it already
	g.Extend(boottime.Now() - time.Hour)
	time.Sleep(200 * time.Millisecond) // can only hide a failure, never make one
	stop(errStop)
	receive(t, result)
	if logged(&log, "the lease ran out")() || count(file, "ready") != 1 {
		t.Errorf("an earlier lease took effect:\n%s", log.String())
	}
}

func TestCommand_RunsOnceAtATime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, testSpec(t, testMark(), "polite", file))
	waitFor(t, "the command", contains(file, "ready"))
	if err := c.Run(ctx, testTerm, uuid.New()); !errors.Is(err, ErrRunning) {
		t.Errorf("a second Run returned %v, want ErrRunning", err)
	}
	stop(errStop)
	receive(t, result)
}
