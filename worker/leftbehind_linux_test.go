package worker

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
)

// A command that puts itself into the background has not done its work, even with
// exit code 0.
func TestCommand_ProcessesLeftBehindAreKilledAndLogged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script string
		policy config.Restart
		code   int // of the final exit; -1: the exit is not final
		text   string
	}{
		{"on-failure", "sleep 1000 & (setsid sleep 1000 & sleep 1000) & exit 0", config.RestartOnFailure, -1, "it left 3 processes behind, which were killed"},
		{"never", "setsid sleep 1000 & exit 0", config.RestartNever, CodeLeftBehind, "it left 1 process behind, which was killed"},
		{"never, failed", "sleep 1000 & exit 3", config.RestartNever, 3, "it left 1 process behind, which was killed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, file := testMark(), filepath.Join(t.TempDir(), "log")
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			spec := testSpec(t, m, "")
			spec.Path, spec.Args, spec.Restart = "/bin/sh", []string{"sh", "-c", "echo ran >>" + file + "; " + tt.script}, tt.policy
			var log output
			spec.Log = zerolog.New(&log)
			c, result := start(t, ctx, spec)
			if tt.code < 0 {
				waitFor(t, "a second run", func() bool { return count(file, "ran") >= 2 })
				stop(errStop)
				wantCause(t, result)
				if c.backoff.failures == 0 {
					t.Error("it does not count as a failure")
				}
			} else {
				wantExit(t, result, tt.code)
			}
			if !strings.Contains(log.String(), tt.text+": run it in the foreground") {
				t.Errorf("want %q in the log:\n%s", tt.text, log.String())
			}
			wantGone(t, m)
		})
	}
}

// A shell does not wait for its process substitutions, which end soon after it.
func TestCommand_ProcessThatEndsSoonAfterItIsNotLeftBehind(t *testing.T) {
	for try := range 10 { // on a machine that stalls it may end too late
		m, file := testMark(), filepath.Join(t.TempDir(), "log")
		spec := testSpec(t, m, "")
		spec.Path, spec.Args, spec.Restart = "/bin/sh", []string{"sh", "-c", "(sleep 0.1; echo finished >>" + file + ") & exit 0"}, config.RestartNever
		_, result := start(t, context.Background(), spec)
		err := receive(t, result)
		wantGone(t, m)
		var exit *Exit
		if errors.As(err, &exit) && exit.Code == 0 && contains(file, "finished")() {
			return
		}
		t.Logf("try %d: Run returned %v", try, err)
	}
	t.Error("it counts as left behind each time")
}

// Run passes an order to stop on while the processes left behind have their last
// second.
func TestCommand_ProcessLeftBehindGetsALaterSIGTERM(t *testing.T) {
	for try := range 10 { // on a machine that stalls the second may be over
		m, file := testMark(), filepath.Join(t.TempDir(), "log")
		ctx, stop := context.WithCancelCause(context.Background())
		spec := testSpec(t, m, "shell", file)
		spec.Timing.StopGrace = shortGrace
		c, result := start(t, ctx, spec)
		waitFor(t, "the command", contains(file, "ready"))
		_ = unix.Kill(childrenOf(currentGuard(c))[0], unix.SIGKILL) // its child lives on
		time.Sleep(100 * time.Millisecond)                          // longer than the spread of an order to everybody
		stop(errStop)
		wantCause(t, result)
		wantGone(t, m)
		if contains(file, "finished")() {
			return
		}
		t.Logf("try %d: it got no SIGTERM", try)
	}
	t.Error("it got no SIGTERM in any try")
}

func TestCommand_DaemonsLeftBehindAreKilledBeforeRunReturns(t *testing.T) {
	m := testMark()
	spec := testSpec(t, m, "daemons", "10", "3")
	spec.Restart = config.RestartNever
	_, result := start(t, context.Background(), spec)
	wantExit(t, result, 3)
	wantGone(t, m)
}
