package worker

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

func TestStoppingIsSIGTERMFirst(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, played(t, m, "polite", file))
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if !holds(file, "terminated")() {
		t.Error("the command was not given the chance to terminate")
	}
	wantGone(t, m)
}

func TestWhoIgnoresSIGTERMIsKilledAfterTheGrace(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := played(t, m, "stubborn", file)
	spec.Timing.StopGrace = shortGrace
	var log output
	spec.Log = zerolog.New(&log)
	_, result := start(t, ctx, spec)
	until(t, "the command", holds(file, "ready"))
	begin := time.Now()
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if took := time.Since(begin); took < shortGrace {
		t.Errorf("killed after %v, want the grace of %v first", took, shortGrace)
	}
	if !strings.Contains(log.String(), "did not stop in time") {
		t.Errorf("nothing is said of it:\n%s", log.String())
	}
	wantGone(t, m)
}

func TestImmediateCauseKillsWithoutGrace(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, played(t, m, "polite", file))
	until(t, "the command", holds(file, "ready"))
	stop(now{})
	if err := receive(t, result); !errors.As(err, new(now)) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if holds(file, "terminated")() {
		t.Error("the command was sent SIGTERM")
	}
	wantGone(t, m)
}

func TestKillCutsTheGraceShort(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := played(t, m, "stubborn", file)
	spec.Timing.OrphanAfter, spec.Timing.StopGrace = 10*time.Minute, time.Minute
	c, result := start(t, ctx, spec)
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	c.Kill()
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	wantGone(t, m)
}

func TestTheGroupKeepsItsGraceWhenTheCommandExitsFirst(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, played(t, m, "shell", file))
	until(t, "the command", holds(file, "ready"))
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if !holds(file, "finished")() {
		t.Error("the command's child was killed within its grace")
	}
	wantGone(t, m)
}

// kill -TERM -1, a session that ends and systemctl kill reach everybody, in any
// order: it is one order to stop, and no exit of the command.
func TestOneOrderToAllLeavesTheGroupItsGrace(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := played(t, m, "shell", file)
	spec.Restart = Never
	c, result := start(t, ctx, spec)
	until(t, "the command", holds(file, "ready"))
	guard := guardNow(c)
	command := childrenOf(guard)[0]
	for _, pid := range []int{guard, -command} {
		if err := unix.Kill(pid, unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the command's child to finish", holds(file, "finished"))
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	wantGone(t, m)
}

func TestNobodyOutlivesRun(t *testing.T) {
	for _, tt := range []struct {
		name string
		mode string
		args []string
	}{
		{"grandchildren", "forest", []string{"20", "stay"}},
		{"setsid escapees", "forest", []string{"20", "setsid"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file, m := filepath.Join(t.TempDir(), "log"), mark()
			ctx, stop := context.WithCancelCause(context.Background())
			_, result := start(t, ctx, played(t, m, tt.mode, append(tt.args, file)...))
			until(t, "the command", holds(file, "ready"))
			stop(errStop)
			receive(t, result)
			wantGone(t, m)
		})
	}
}

// A command that puts itself into the background has not done its work, whatever
// its exit code says.
func TestProcessesLeftBehindAreKilledAndToldOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script string
		policy Policy
		code   int // of a final exit; -1: none
		says   string
	}{
		{"on-failure", "sleep 1000 & (setsid sleep 1000 & sleep 1000) & exit 0", OnFailure, -1, "it left 3 processes behind, which were killed"},
		{"never", "setsid sleep 1000 & exit 0", Never, CodeLeftBehind, "it left 1 process behind, which was killed"},
		{"never, failed", "sleep 1000 & exit 3", Never, 3, "it left 1 process behind, which was killed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, file := mark(), filepath.Join(t.TempDir(), "log")
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			spec := played(t, m, "")
			spec.Path, spec.Args, spec.Restart = "/bin/sh", []string{"sh", "-c", "echo ran >>" + file + "; " + tt.script}, tt.policy
			var log output
			spec.Log = zerolog.New(&log)
			c, result := start(t, ctx, spec)
			if tt.code < 0 {
				until(t, "a second run", func() bool { return times(file, "ran") >= 2 })
				stop(errStop)
				if err := receive(t, result); !errors.Is(err, errStop) {
					t.Errorf("Run returned %v, want the cause", err)
				}
				if c.backoff.failures == 0 {
					t.Error("it does not count as a failure")
				}
			} else {
				var exit *Exit
				if err := receive(t, result); !errors.As(err, &exit) || exit.Code != tt.code {
					t.Errorf("Run returned %v, want exit code %d", err, tt.code)
				}
			}
			if !strings.Contains(log.String(), tt.says+": run it in the foreground") {
				t.Errorf("want that %s in the log:\n%s", tt.says, log.String())
			}
			wantGone(t, m)
		})
	}
}

// What ends by itself soon after the command is nothing to complain of: a shell
// does not wait for its process substitutions.
func TestWhoEndsSoonAfterTheCommandIsNotLeftBehind(t *testing.T) {
	for try := range 10 { // a machine that stalls may take longer than that
		m, file := mark(), filepath.Join(t.TempDir(), "log")
		spec := played(t, m, "")
		spec.Path, spec.Args, spec.Restart = "/bin/sh", []string{"sh", "-c", "(sleep 0.1; echo finished >>" + file + ") & exit 0"}, Never
		_, result := start(t, context.Background(), spec)
		err := receive(t, result)
		wantGone(t, m)
		var exit *Exit
		if errors.As(err, &exit) && exit.Code == 0 && holds(file, "finished")() {
			return
		}
		t.Logf("try %d: Run returned %v", try, err)
	}
	t.Error("it is killed, and said to be left behind, each time")
}

// An order that comes while the others have their last moment is passed on.
func TestWhoIsLeftBehindIsToldToStop(t *testing.T) {
	for try := range 10 { // on a machine that stalls the moment may be over
		m, file := mark(), filepath.Join(t.TempDir(), "log")
		ctx, stop := context.WithCancelCause(context.Background())
		spec := played(t, m, "shell", file)
		spec.Timing.StopGrace = shortGrace
		c, result := start(t, ctx, spec)
		until(t, "the command", holds(file, "ready"))
		_ = unix.Kill(childrenOf(guardNow(c))[0], unix.SIGKILL) // its child lives on
		time.Sleep(100 * time.Millisecond)                      // longer than an order takes that both get
		stop(errStop)
		if err := receive(t, result); !errors.Is(err, errStop) {
			t.Errorf("Run returned %v, want the cause", err)
		}
		wantGone(t, m)
		if holds(file, "finished")() {
			return
		}
		t.Logf("try %d: it was not told", try)
	}
	t.Error("it is told no time")
}

func TestDaemonsLeftBehindAreKilledBeforeTheExitIsReported(t *testing.T) {
	m := mark()
	spec := played(t, m, "daemons", "10", "3")
	spec.Restart = Never
	_, result := start(t, context.Background(), spec)
	var exit *Exit
	if err := receive(t, result); !errors.As(err, &exit) || exit.Code != 3 {
		t.Errorf("Run returned %v, want exit code 3", err)
	}
	wantGone(t, m)
}

func TestOrphansAreReapedAllTheTime(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, played(t, m, "nursery", file))
	until(t, "300 orphans", holds(file, "ready"))
	guard := guardNow(c)
	until(t, "the guard to have but one child", func() bool { return len(childrenOf(guard)) == 1 })
	stop(errStop)
	receive(t, result)
	wantGone(t, m)
}

// The order goes to the group; whoever leaves it gets SIGKILL alone.
func TestWhoLeftTheGroupIsKilledAndNotTold(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here:", err)
	}
	file, m := filepath.Join(t.TempDir(), "log"), mark()
	spec := played(t, m, "polite")
	spec.Path, spec.Args = "/bin/sh", []string{"sh", "-c", "setsid -f " + os.Args[0] + " " + file + "; exec sleep 1000"}
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, spec)
	until(t, "the one that left", holds(file, "ready"))
	stop(errStop)
	if err := receive(t, result); !errors.Is(err, errStop) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	wantGone(t, m)
	if holds(file, "terminated")() {
		t.Error("it was told to stop")
	}
}
