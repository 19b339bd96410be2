//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// unhurried is the timing of instances of which nobody but a last will records anything
// within minutes, and whose last will has time for it on a machine that stalls.
var unhurried = registry.Timing{Interval: time.Second, OrphanAfter: 5 * time.Minute, StopGrace: 10 * time.Second}

// There is no peer that could record anything.
func TestLastWill_RecordsHowARunEnded(t *testing.T) {
	for _, test := range []struct {
		name, job, exit string
		kill            bool // the instance, while the command runs
		want            store.State
		end             store.AttemptEnd
		code            int
		remark          string
	}{
		{name: "completed", exit: "exit 0", want: store.Completed, end: store.AttemptCompleted, remark: "before it recorded this"},
		{name: "failed", exit: "exit 3", want: store.Failed, end: store.AttemptFailed, code: 3, remark: "exit code 3; its instance was killed"},
		{name: "to be retried", job: "retries: {max: 1, backoff: 1h, max_backoff: 1h}", exit: "exit 3", want: store.Waiting, end: store.AttemptFailed, code: 3, remark: "exit code 3"},
		{name: "final", job: "retries: {max: 1, final_exit_codes: [3]}", exit: "exit 3", want: store.Failed, end: store.AttemptFailed, code: 3, remark: "exit code 3"},
		{name: "died", exit: "kill -SEGV $$", want: store.Failed, end: store.AttemptFailed, code: 139, remark: "SIGSEGV"},
		{name: "timed out", job: "timeout: 20s", exit: "exit 0", want: store.TimedOut, end: store.AttemptTimedOut, code: 143, remark: "after its timeout of 20s"},
		{name: "interrupted", kill: true, want: store.Waiting, end: store.AttemptExited, code: 137, remark: "and the command with it"},
		{name: "exited", job: "interrupted: fail", kill: true, want: store.Exited, end: store.AttemptExited, code: 137, remark: "and the command with it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			both(t, func(t *testing.T, at place) {
				dir := t.TempDir()
				file := filepath.Join(dir, "exit")
				// The instances of other tests remove folders of dead processes.
				g := newJobsGroupWith(t, at, unhurried, []string{"TMPDIR=" + t.TempDir()}, fmt.Sprintf(`
jobs:
  other: {command: "NOTE; exec sleep 1000"}
  long:
    command: "printf done >$UNDERSTUDY_RESULT_FILE; NOTE; until [ -e %s ]; do sleep 0.02; done; %s"
    dir: %s
    %s
`, file, test.exit, dir, test.job))
				a := g.join("a")
				a.await("active")
				s := g.store()
				other, k := g.submit(s, "other"), g.submit(s, "long")
				testkit.Until(t, "the runs to start", func() bool { return g.startsOf(k) == 1 && g.startsOf(other) == 1 })
				before := time.Now()
				if !test.kill {
					g.freeze(a) // so it cannot record the end
					if !strings.HasPrefix(test.job, "timeout") {
						if err := os.WriteFile(file, nil, 0o600); err != nil {
							t.Fatal(err)
						}
					}
					testkit.Until(t, "the guard to be through with the run", func() bool { return g.noneIn(a, dir) })
				}
				if r, err := s.Run(t.Context(), k); err != nil || r.State != store.Processing {
					t.Fatalf("the run is %s, %v", r.State, err)
				}
				killed := g.kill(a)
				testkit.Until(t, "its term to end", func() bool { return g.reasons()[0] == registry.Crashed })
				t.Logf("recorded within %v after SIGKILL", boottime.Now()-killed)
				r, err := s.Run(t.Context(), k)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Attempts) != 1 {
					t.Fatalf("attempts %+v, want one", r.Attempts)
				}
				got := r.Attempts[0]
				if r.State != test.want || got.End != test.end || got.ExitCode != test.code || !strings.Contains(r.Remark, test.remark) {
					t.Errorf("the run is %s (%s), its attempt %s with code %d; want %s (…%s…), %s with code %d",
						r.State, r.Remark, got.End, got.ExitCode, test.want, test.remark, test.end, test.code)
				}
				if string(r.Result) != "done" {
					t.Errorf("result %q, want that of the command", r.Result)
				}
				if !r.Open || got.To.Before(got.From) || got.To.After(time.Now().Add(time.Second)) {
					t.Errorf("open %v, from %v to %v", r.Open, got.From, got.To)
				}
				retried := test.want == store.Waiting && test.end == store.AttemptFailed
				if retried != (r.Failures == 1 && r.Due.After(before.Add(time.Hour/2))) && test.want == store.Waiting {
					t.Errorf("%d failures, due %v", r.Failures, r.Due)
				}
				if r, err := s.Run(t.Context(), other); err != nil || r.State != store.Waiting || r.Interruptions != 1 {
					t.Errorf("the other run: %+v, %v; want one that was interrupted", r, err)
				}
				if test.end == store.AttemptExited && r.Interruptions != 1 {
					t.Errorf("%d interruptions, want 1", r.Interruptions)
				}
				g.conclude()
			})
		})
	}
}

// noneIn reports whether a member has guards, and none of them is in the directory of a
// command. A guard leaves that after it has written down how the run ended.
func (g *group) noneIn(m *process, dir string) bool {
	pids := g.guards(m)
	for _, pid := range pids {
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && cwd == dir {
			return false
		}
	}
	return len(pids) > 0
}

// A job that follows another one is started by the next instance, since a last will has
// recorded that the run has completed.
func TestLastWill_WhatFollowsARunIsLeftToTheNextInstance(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		dir := t.TempDir()
		file := filepath.Join(dir, "exit")
		g := newJobsGroupWith(t, at, unhurried, nil, fmt.Sprintf(`
jobs:
  first:
    command: "NOTE; until [ -e %s ]; do sleep 0.02; done"
    dir: %s
    then: [{job: second, on: success}, {job: alarm, on: failure}]
  second: {command: "NOTE"}
  alarm: {command: "NOTE"}
`, file, dir))
		members := g.joinAll("a", "b")
		s := g.store()
		k := g.submit(s, "first")
		testkit.Until(t, "the run to start", func() bool { return g.startsOf(k) == 1 })
		g.freeze(members[0])
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		testkit.Until(t, "the guard to be through with the run", func() bool { return g.noneIn(members[0], dir) })
		g.kill(members[0])
		g.awaitRuns(s, "second", 1, store.Completed)
		r, err := s.Run(t.Context(), k)
		if err != nil || r.State != store.Completed || r.Attempt != 1 || r.Term != 2 && r.Open {
			t.Errorf("the run: %+v, %v; want one attempt that completed", r, err)
		}
		if n := g.startsOf(k); n != 1 {
			t.Errorf("it was started %d times, want once", n)
		}
		told := 0
		for line := range strings.Lines(members[1].read(members[1].log)) {
			if strings.Contains(line, fmt.Sprintf(`"run":"%s"`, k)) && strings.Contains(line, "the run has ended: completed") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the log of the next instance tells of its end %d times, want once", told)
		}
		if list := g.runs(s, "alarm"); len(list) > 0 {
			t.Errorf("the alarm ran: %+v", list)
		}
		if got := g.reasons()[1]; got != registry.Crashed {
			t.Errorf("term 1 ended as %q, want %q", got, registry.Crashed)
		}
		g.conclude()
	})
}

// Whoever stops an instance may lose patience, and kill it.
func TestLastWill_OfARunThatWasToldToStop(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		told := filepath.Join(t.TempDir(), "told")
		g := newJobsGroupWith(t, at, unhurried, []string{"TMPDIR=" + t.TempDir()}, fmt.Sprintf(`
jobs:
  stubborn:
    command: "trap 'touch %s' TERM; NOTE; while :; do sleep 0.02; done"
    interrupted: fail
`, told))
		a := g.join("a")
		a.await("active")
		s := g.store()
		k := g.submit(s, "stubborn")
		testkit.Until(t, "the run to start", func() bool { return g.startsOf(k) == 1 })
		a.signal(unix.SIGTERM)
		testkit.Until(t, "the command to be told", func() bool { _, err := os.Stat(told); return err == nil })
		g.kill(a)
		testkit.Until(t, "its term to end", func() bool { return g.reasons()[0] == registry.Crashed })
		r, err := s.Run(t.Context(), k)
		if err != nil || r.State != store.Exited || r.Attempts[0].ExitCode != 137 || !strings.HasPrefix(r.Remark, "it was told to stop") {
			t.Errorf("the run: %+v, %v; want one that exited after it was told to stop", r, err)
		}
		g.conclude()
	})
}
