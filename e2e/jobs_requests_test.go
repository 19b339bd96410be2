//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

// The end of a run is written again until there is an answer.
func TestJobs_EndIsRecordedThoughTheRegistryFailsThreeTimes(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	g := newJobsGroup(t, place{uri: set.URI(), set: set}, nil, "\njobs: {once: {command: \"NOTE; sleep 2\"}, later: {command: \"NOTE\"}}\n")
	g.join("a").await("active")
	s := g.store()
	testkit.Until(t, "the job to be known", func() bool { list, err := s.Jobs(t.Context(), "default"); return err == nil && len(list) == 2 })
	k := g.submit(s, "once")
	testkit.Until(t, "the command to start", func() bool { return g.startsOf(k) == 1 })
	set.FailCommand(t, 3, "failCommands", bson.A{"update", "findAndModify"}, "namespace", "understudy.runs", "errorCode", 8) // the driver does not try again after this one
	testkit.Until(t, "the end to be recorded", func() bool { return g.run(s, k).State.Ended() })
	if r := g.run(s, k); r.State != store.Completed || r.Attempt != 1 || g.startsOf(k) != 1 {
		t.Errorf("it is %s after %d attempts, started %d times", r.State, r.Attempt, g.startsOf(k))
	}
	g.conclude()
}

func TestJobs_TwentyTriggersWithOneKeyAreOneRun(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, "\njobs: {once: {command: \"NOTE\"}}\n")
		g.join("a").await("active")
		s := g.store()
		testkit.Until(t, "the job to be known", func() bool { list, err := s.Jobs(t.Context(), "default"); return err == nil && len(list) == 1 })
		var triggers []*process
		for i := range 20 {
			triggers = append(triggers, g.start(fmt.Sprint("trigger-", i), []string{"UNDERSTUDY_REGISTRY=" + at.uri},
				[]string{"trigger", "once", "--key", "order-7", "--payload", `{"order":7}`}))
		}
		for _, p := range triggers {
			if code := p.exit(); code != exitOK || strings.TrimSpace(p.read(p.out)) != "once/k:order-7" {
				t.Errorf("%s: exit code %d, stdout %q: %s", p.name, code, p.read(p.out), p.read(p.log))
			}
		}
		g.awaitRuns(s, "once", 1, store.Completed)
		if runs := g.runs(s, "once"); len(runs) != 1 || len(g.attempts()) != 1 {
			t.Errorf("there are %d runs, and %d starts", len(runs), len(g.attempts()))
		}
		if code, _, stderr := g.outcome([]string{"UNDERSTUDY_REGISTRY=" + at.uri}, []string{"trigger", "once", "--key", "order-7", "--payload", `{"order":8}`}); code == exitOK {
			t.Errorf("another payload under the same key is accepted: %s", stderr)
		}
		g.conclude()
	})
}

func TestJobs_ChangedFileIsTakenAndAWrongOneRefused(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, "\njobs: {first: {command: \"NOTE\", schedule: \"@every 1s\"}}\n")
	a := g.join("a")
	a.await("active")
	s := g.store()
	g.awaitRuns(s, "first", 1, store.Completed)
	g.write("\njobs: {first: {command: \"NOTE\", schedule: \"@every 1s\", colour: red}}\n")
	a.await("the jobs file has changed and is refused")
	n := len(g.awaitRuns(s, "first", 1, store.Completed))
	g.awaitRuns(s, "first", n+1, store.Completed)
	g.write("\njobs: {second: {command: \"NOTE\", schedule: \"@every 1s\"}}\n")
	g.awaitRuns(s, "second", 1, store.Completed)
	last := g.runs(s, "first")
	g.awaitRuns(s, "second", 3, store.Completed)
	if after := g.runs(s, "first"); len(after) > len(last)+1 { // a slot may have been due just before
		t.Errorf("a job that is not in the file any more ran %d times", len(after)-len(last))
	}
	g.conclude()
}

func TestJobs_WrongFileIsAnErrorAtTheStart(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, "\njobs:\n  a: {command: \"true\", timeout: 20}\n  b: {schedule: \"61 * * * *\"}\n")
	code, _, stderr := g.outcome(g.env, []string{"--jobs", g.file})
	if code != exitConfig || !strings.Contains(stderr, g.file+":3:") || !strings.Contains(stderr, g.file+":4:") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	code, _, stderr = g.outcome(g.env, []string{"--jobs", g.file + ".none"})
	if code != exitConfig || !strings.Contains(stderr, "no such file") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// Somebody who forgets the jobs file on one of the instances has to learn of it.
func TestJobs_InstanceWithoutAFileSaysThatNobodyRunsThem(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, everySecond)
	a := g.join("a")
	a.await("active")
	s := g.store()
	g.awaitRuns(s, "tick", 1, store.Completed)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("correct-horse-battery-staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := g.start("b", append(slices.Clone(g.env), "UNDERSTUDY_HOST=b", anyPort, "UNDERSTUDY_API_TOKEN_FILE="+token), []string{"run", "--", "sleep", "1000"})
	g.members = append(g.members, b)
	b.await("standing by for")
	a.signal(unix.SIGTERM)
	b.await("this group has 1 job (tick) that nobody runs now")
	testkit.Until(t, "the answer to a trigger to say so", func() bool {
		time.Sleep(50 * time.Millisecond) // the registry has other things to do
		code, body := b.request(http.MethodPost, "/jobs/tick/runs", http.Header{
			"Authorization": {"Bearer correct-horse-battery-staple"}, "Idempotency-Key": {"one"},
		})
		if code != http.StatusAccepted && code != http.StatusOK {
			t.Fatalf("a trigger is answered with %d: %s", code, body)
		}
		return strings.Contains(body, "has not taken the jobs of term 1 over: if it runs without --jobs, the run waits")
	})
	g.conclude()
}

// A command beside the jobs ends with them, and begins with them again.
func TestJobs_CommandRunsBesideThem(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, everySecond)
		g.command = []string{"sh", "-c", "echo beside; exec sleep 1000"}
		a := g.join("a", "UNDERSTUDY_HOST=a")
		a.await("active")
		g.join("b").await("standing by for")
		s := g.store()
		g.awaitRuns(s, "tick", 2, store.Completed)
		a.signal(unix.SIGTERM)
		if code := a.exit(); code != exitOK || !strings.Contains(a.read(a.out), "beside\n") {
			t.Errorf("exit code %d, stdout %q", code, a.read(a.out))
		}
		n := len(g.awaitRuns(s, "tick", 1, store.Completed))
		g.awaitRuns(s, "tick", n+2, store.Completed)
		b := g.members[1]
		testkit.Until(t, "the command on the other instance", func() bool { return strings.Contains(b.read(b.out), "beside\n") })
		g.conclude()
		noSlotIsMissing(t, g.runs(s, "tick"), time.Second)
	})
}

// Jobs go on though the command beside them fails again and again.
func TestJobs_CommandThatFailsEndsNoRun(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, `
jobs:
  tick: {command: "NOTE", schedule: "@every 1s"}
  long: {command: "NOTE; sleep 60"}
`)
	g.command = []string{"sh", "-c", "exit 1"}
	a := g.join("a")
	a.await("active")
	s := g.store()
	g.awaitRuns(s, "tick", 1, store.Completed)
	k := g.submit(s, "long")
	testkit.Until(t, "the long run to start", func() bool { return g.startsOf(k) == 1 })
	testkit.Until(t, "the command to fail six times", func() bool { return a.logs(`"message":"command started"`) >= 6 })
	if r := g.run(s, k); r.State != store.Processing || r.Attempt != 1 {
		t.Errorf("the long run is %s, attempt %d; want its first one to go on", r.State, r.Attempt)
	}
	n := len(g.awaitRuns(s, "tick", 1, store.Completed))
	g.awaitRuns(s, "tick", n+2, store.Completed)
	g.conclude()
	runs := g.runs(s, "tick")
	noSlotIsMissing(t, runs, time.Second)
	g.checkStarts(runs)
}
