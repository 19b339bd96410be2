package attempt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/worker"
)

func TestRunner_SaysHowAnAttemptEnded(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("neither ELF nor script"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command []string
		end     store.AttemptEnd
		code    int
		remark  string
	}{
		{[]string{"true"}, store.AttemptCompleted, 0, ""},
		{[]string{"sh", "-c", "exit 3"}, store.AttemptFailed, 3, "exit code 3"},
		{[]string{"sh", "-c", "kill -TERM $$"}, store.AttemptFailed, 128 + 15, "killed by SIGTERM"},
		{[]string{"sh", "-c", "kill -KILL $$"}, store.AttemptFailed, 128 + 9, "killed by SIGKILL, which Understudy did not send (the kernel does, if memory runs out)"},
		{[]string{"sh", "-c", "(setsid sleep 1000 &)"}, store.AttemptFailed, 1, "it left 1 process behind, which was killed"},
		{[]string{"sh", "-c", "(setsid sleep 1000 &); exit 4"}, store.AttemptFailed, 4, "exit code 4, and it left 1 process behind, which was killed"},
		{[]string{"no-such-command"}, store.AttemptFailed, -1, `it cannot be started: command not found: "no-such-command"`},
		{[]string{"/no/such/command"}, store.AttemptFailed, -1, "it cannot be started: /no/such/command: no such file or directory"},
		{[]string{garbage}, store.AttemptFailed, -1, "it cannot be started: " + garbage + ": exec format error: it is a script whose first line names no interpreter: let it begin with #!/bin/sh, or with the interpreter that runs it"},
		{nil, store.AttemptFailed, -1, "it has no command"},
	} {
		j := script("")
		j.Command = tt.command
		got := r.Run(t.Context(), j, claimed(1))
		if len(tt.remark) > store.MaxRemark { // the path of the test's folder may be long
			tt.remark = got.Remark
		}
		wantEnd(t, got, tt.end, tt.code, tt.remark)
	}
	j := script("true")
	j.Dir = "/no/such/directory"
	wantEnd(t, r.Run(t.Context(), j, claimed(1)), store.AttemptFailed, -1, "it cannot be started: directory /no/such/directory: no such file or directory")
	if left := r.leftovers(t); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

func TestRunner_TimeoutEndsAnAttempt(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	for _, tt := range []struct{ text, remark string }{
		{"trap 'exit 0' TERM; while :; do sleep 0.05; done", "it had not ended after its timeout of 5s"},
		{"trap '' TERM; while :; do sleep 0.05; done", "it had not ended after its timeout of 5s, nor after its grace, and was killed"},
	} {
		j := script("%s", tt.text)
		j.Timeout, j.StopGrace = leeway, leeway
		if strings.Contains(tt.text, "''") {
			j.StopGrace = 100 * time.Millisecond
		}
		end := ended(t, runAsync(t.Context(), r, j, claimed(1)))
		if end.End != store.AttemptTimedOut || end.Remark != tt.remark {
			t.Errorf("%+v, want that it timed out: %s", end, tt.remark)
		}
	}
}

type immediateStop struct{}

func (immediateStop) Error() string   { return "now" }
func (immediateStop) Immediate() bool { return true }

// The scheduler knows why it ended the context: the attempt has exited, whatever the command
// made of it.
func TestRunner_StopEndsAnAttempt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		cause error
		code  int
	}{{"in order", errors.New("stop"), 0}, {"immediate", immediateStop{}, 128 + 9}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t, &fake{})
			ready := filepath.Join(t.TempDir(), "ready")
			ctx, stop := context.WithCancelCause(context.Background())
			defer stop(nil)
			result := runAsync(ctx, r, script("trap 'exit 0' TERM; >%s; while :; do sleep 0.05; done", ready), claimed(1))
			testkit.Until(t, "the run", exists(ready))
			stop(tt.cause)
			wantEnd(t, ended(t, result), store.AttemptExited, tt.code, "it was told to stop")
			wantEnd(t, ended(t, runAsync(ctx, r, script("true"), claimed(1))), store.AttemptExited, -1, "it was told to stop before it was started")
			if left := r.leftovers(t); len(left) > 0 {
				t.Errorf("%v are left", left)
			}
		})
	}
}

func TestRunner_LeaseEndsAnAttempt(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	executor, err := worker.NewExecutor(worker.ExecutorSpec{Timing: testTiming, Ready: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer executor.Close()
	r.config.Executor = executor
	wantEnd(t, r.Run(t.Context(), script("true"), claimed(1)), store.AttemptExited, -1, "it was not started: the lease was over, or about to end")

	executor.Extend(boottime.Now() + testTiming.StopGrace + leeway)
	result := runAsync(t.Context(), r, script("exec sleep 1000"), claimed(1))
	wantEnd(t, ended(t, result), store.AttemptExited, 128+15, "the lease was over, so it was stopped")
}
