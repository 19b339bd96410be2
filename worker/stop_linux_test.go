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

	"github.com/understudy-go/understudy/config"
)

func TestCommand_StopSendsSIGTERMFirst(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, testSpec(t, m, "polite", file))
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	wantCause(t, result)
	if !contains(file, "terminated")() {
		t.Error("the command was not given the chance to terminate")
	}
	wantGone(t, m)
}

func TestCommand_ThatIgnoresSIGTERMIsKilledAfterTheGrace(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := testSpec(t, m, "stubborn", file)
	spec.Timing.StopGrace = shortGrace
	var log output
	spec.Log = zerolog.New(&log)
	_, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	begin := time.Now()
	stop(errStop)
	wantCause(t, result)
	if took := time.Since(begin); took < shortGrace {
		t.Errorf("killed after %v, want the grace of %v first", took, shortGrace)
	}
	if !strings.Contains(log.String(), "did not stop in time") {
		t.Errorf("the log does not say so:\n%s", log.String())
	}
	wantGone(t, m)
}

func TestCommand_ImmediateCauseKillsWithoutTheGrace(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, testSpec(t, m, "polite", file))
	waitFor(t, "the command", contains(file, "ready"))
	stop(immediateStop{})
	if err := receive(t, result); !errors.As(err, new(immediateStop)) {
		t.Errorf("Run returned %v, want the cause", err)
	}
	if contains(file, "terminated")() {
		t.Error("the command was sent SIGTERM")
	}
	wantGone(t, m)
}

func TestCommand_KillEndsTheGrace(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := testSpec(t, m, "stubborn", file)
	spec.Timing.OrphanAfter, spec.Timing.StopGrace = 10*time.Minute, time.Minute
	c, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	c.Kill()
	wantCause(t, result)
	wantGone(t, m)
}

func TestCommand_GroupKeepsTheGraceWhenTheCommandExitsFirst(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, testSpec(t, m, "shell", file))
	waitFor(t, "the command", contains(file, "ready"))
	stop(errStop)
	wantCause(t, result)
	if !contains(file, "finished")() {
		t.Error("the command's child was killed within its grace")
	}
	wantGone(t, m)
}

// The signals of kill -TERM -1, of the end of a session and of systemctl kill reach
// all processes, in any order. That is one order to stop, and no exit of the
// command.
func TestCommand_GroupKeepsTheGraceAfterASignalToEverybody(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	spec := testSpec(t, m, "shell", file)
	spec.Restart = config.RestartNever
	c, result := start(t, ctx, spec)
	waitFor(t, "the command", contains(file, "ready"))
	guard := currentGuard(c)
	command := childrenOf(guard)[0]
	for _, pid := range []int{guard, -command} {
		if err := unix.Kill(pid, unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "the command's child to finish", contains(file, "finished"))
	stop(errStop)
	wantCause(t, result)
	wantGone(t, m)
}

func TestCommand_NobodyOutlivesRun(t *testing.T) {
	for _, tt := range []struct {
		name string
		mode string
		args []string
	}{
		{"grandchildren", "forest", []string{"20", "stay"}},
		{"setsid escapees", "forest", []string{"20", "setsid"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file, m := filepath.Join(t.TempDir(), "log"), testMark()
			ctx, stop := context.WithCancelCause(context.Background())
			_, result := start(t, ctx, testSpec(t, m, tt.mode, append(tt.args, file)...))
			waitFor(t, "the command", contains(file, "ready"))
			stop(errStop)
			receive(t, result)
			wantGone(t, m)
		})
	}
}

func TestGuard_ReapsOrphansWhileTheCommandRuns(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	c, result := start(t, ctx, testSpec(t, m, "orphans", file))
	waitFor(t, "300 orphans", contains(file, "ready"))
	guard := currentGuard(c)
	waitFor(t, "the guard to have but one child", func() bool { return len(childrenOf(guard)) == 1 })
	stop(errStop)
	receive(t, result)
	wantGone(t, m)
}

// SIGTERM goes to the group. A process that has left the group gets only SIGKILL.
func TestCommand_ProcessThatLeftTheGroupGetsSIGKILLAlone(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here:", err)
	}
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	spec := testSpec(t, m, "polite")
	spec.Path, spec.Args = "/bin/sh", []string{"sh", "-c", "setsid -f " + os.Args[0] + " " + file + "; exec sleep 1000"}
	ctx, stop := context.WithCancelCause(context.Background())
	_, result := start(t, ctx, spec)
	waitFor(t, "the process that left the group", contains(file, "ready"))
	stop(errStop)
	wantCause(t, result)
	wantGone(t, m)
	if contains(file, "terminated")() {
		t.Error("it got SIGTERM")
	}
}
