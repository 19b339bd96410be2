//go:build linux

package e2e

import (
	"fmt"
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

const everySecond = `
jobs:
  tick:
    command: "NOTE"
    schedule: "@every 1s"
`

// checkStarts checks that each run that completed was started, and none more often than it
// had attempts.
func (g *jobsGroup) checkStarts(runs []store.Run) {
	g.t.Helper()
	starts := map[string]int{}
	for _, a := range g.attempts() {
		starts[a.run]++
	}
	for _, r := range runs {
		if n := starts[r.Key.String()]; n > r.Attempt || r.State == store.Completed && n == 0 {
			g.t.Errorf("%s is %s after %d attempts, and was started %d times", r.Key, r.State, r.Attempt, n)
		}
	}
}

func TestJobs_TheActiveInstanceRunsEachSlotOnce(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, everySecond)
		g.joinAll("a", "b", "c")
		s := g.store()
		g.awaitRuns(s, "tick", 5, store.Completed)
		g.conclude()
		runs := g.runs(s, "tick")
		noSlotIsMissing(t, runs, time.Second)
		g.checkStarts(runs)
	})
}

func TestJobs_CrashOfTheActiveInstanceLosesNoSlot(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, everySecond)
		a := g.joinAll("a", "b")[0]
		s := g.store()
		g.awaitRuns(s, "tick", 2, store.Completed)
		g.kill(a)
		before := len(g.runs(s, "tick"))
		g.awaitRuns(s, "tick", before+int(quick.OrphanAfter/time.Second)+3, store.Completed)
		g.conclude()
		runs := g.runs(s, "tick")
		noSlotIsMissing(t, runs, time.Second)
		g.checkStarts(runs)
	})
}

// A slot that is due while nobody is active belongs to the next instance.
func TestJobs_StopJustBeforeASlotLeavesItToTheNext(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, "\njobs: {tick: {command: \"NOTE\", schedule: \"@every 2s\"}}\n")
		a := g.joinAll("a", "b")[0]
		s := g.store()
		g.awaitRuns(s, "tick", 1, store.Completed)
		sleep(time.Until(time.Now().Truncate(2 * time.Second).Add(3500 * time.Millisecond))) // half a second before a slot
		a.signal(unix.SIGTERM)
		before := len(g.runs(s, "tick"))
		g.awaitRuns(s, "tick", before+3, store.Completed)
		g.conclude()
		runs := g.runs(s, "tick")
		noSlotIsMissing(t, runs, 2*time.Second)
		g.checkStarts(runs)
	})
}

func TestJobs_FrozenInstanceStartsNothingTwice(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, everySecond)
		a := g.joinAll("a", "b")[0]
		s := g.store()
		g.awaitRuns(s, "tick", 2, store.Completed)
		g.freeze(a)
		sleep(2 * quick.OrphanAfter)
		a.signal(unix.SIGCONT)
		before := len(g.runs(s, "tick"))
		g.awaitRuns(s, "tick", before+3, store.Completed)
		g.conclude()
		runs := g.runs(s, "tick")
		noSlotIsMissing(t, runs, time.Second)
		g.checkStarts(runs)
	})
}

func TestJobs_FiveInstancesStartEachSlotOnceForAMinute(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, "\njobs: {tick: {command: \"NOTE\", schedule: \"@every 2s\"}}\n")
	g.joinAll("a", "b", "c", "d", "e")
	s := g.store()
	g.awaitRuns(s, "tick", 15, store.Completed)
	runs := g.awaitRuns(s, "tick", 30, store.Completed)
	g.conclude()
	noSlotIsMissing(t, runs, 2*time.Second)
	g.checkStarts(runs)
}

// The name of the host says nothing about who is who.
func TestJobs_InstancesMayShareTheNameOfTheirHost(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, everySecond)
	a := g.join("a", "UNDERSTUDY_HOST=same")
	a.await("active")
	g.join("b", "UNDERSTUDY_HOST=same").await("standing by for")
	g.join("c", "UNDERSTUDY_HOST=same").await("standing by for")
	s := g.store()
	g.awaitRuns(s, "tick", 3, store.Completed)
	a.signal(unix.SIGTERM)
	g.awaitRuns(s, "tick", 6, store.Completed)
	g.conclude()
	runs := g.runs(s, "tick")
	noSlotIsMissing(t, runs, time.Second)
	g.checkStarts(runs)
}

// A run may last much longer than T, as long as the beats of its instance go on.
func TestJobs_RunOfThreeTimesTIsOneProcess(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, "\njobs: {long: {command: \"NOTE; sleep 15\", schedule: \"@every 2s\"}}\n")
		g.joinAll("a", "b")
		s := g.store()
		runs := g.awaitRuns(s, "long", 1, store.Completed)
		i := slices.IndexFunc(runs, func(r store.Run) bool { return r.State == store.Completed })
		if r := runs[i]; r.Attempt != 1 || g.startsOf(r.Key) != 1 || r.Attempts[0].To.Sub(r.Attempts[0].From) < 15*time.Second {
			t.Errorf("got %+v, started %d times", r, g.startsOf(r.Key))
		}
		g.conclude()
		for _, r := range g.runs(s, "long") {
			if r.Slot.After(runs[i].Slot) && r.Slot.Before(runs[i].EndedAt) && r.State != store.Skipped {
				t.Errorf("%s is %s while %s runs, want %s", r.Key, r.State, runs[i].Key, store.Skipped)
			}
		}
	})
}

func TestJobs_TimeoutLeavesNoChild(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, "\njobs: {stuck: {command: \"NOTE; setsid sleep 1000 & trap '' TERM; sleep 1000\", schedule: \"@every 3s\", timeout: 500ms, stop_grace: 300ms}}\n")
		g.join("a").await("active")
		s := g.store()
		runs := g.awaitRuns(s, "stuck", 2, store.TimedOut)
		g.conclude()
		g.checkStarts(runs)
	})
}

// A rolling update ends no run that ends within its drain, and loses no slot.
func TestJobs_RollingUpdateLosesNothing(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, `
jobs:
  tick: {command: "NOTE", schedule: "@every 1s"}
  slow: {command: "NOTE; sleep 3", schedule: "@every 2s", overlap: skip, drain: 20s}
`)
		members := g.joinAll("a", "b", "c")
		s := g.store()
		g.awaitRuns(s, "slow", 1, store.Completed)
		for i, m := range members {
			g.awaitRuns(s, "slow", 1, store.Processing)
			m.signal(unix.SIGTERM)
			m.exit()
			g.join("new-" + string(rune('a'+i))).await("registered as")
		}
		testkit.Until(t, "the new ones to run jobs", func() bool {
			list := g.attempts()
			return len(list) > 0 && list[len(list)-1].term >= 4
		})
		g.conclude()
		for _, r := range g.runs(s, "slow") {
			if r.Interruptions > 0 && len(r.Attempts) > 0 && r.Attempts[0].Term < 4 {
				t.Errorf("%s was interrupted: %+v", r.Key, r.Attempts)
			}
		}
		runs := g.runs(s, "tick")
		noSlotIsMissing(t, runs, time.Second)
		g.checkStarts(runs)
	})
}

// A command that is told to stop again and again goes on from its checkpoint. One that
// never gets on fails for good, and stops no other job.
func TestJobs_HandOversUnderALongJobEndIt(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroup(t, at, nil, `
jobs:
  steps:
    command: |
      NOTE
      n=$(cat $UNDERSTUDY_CHECKPOINT_FILE 2>/dev/null || echo 0)
      while [ $n -lt 10 ]; do
        sleep 0.5
        n=$((n+1))
        echo $n >$UNDERSTUDY_CHECKPOINT_FILE.new
        mv $UNDERSTUDY_CHECKPOINT_FILE.new $UNDERSTUDY_CHECKPOINT_FILE
      done
  stubborn: {command: "NOTE; sleep 1000"}
  tick: {command: "NOTE", schedule: "@every 1s"}
`)
		g.joinAll("a", "b", "c")
		s := g.store()
		g.awaitRuns(s, "tick", 1, store.Completed)
		asked := []store.Key{g.submit(s, "steps"), g.submit(s, "stubborn")}
		ended := func() bool {
			return !slices.ContainsFunc(asked, func(k store.Key) bool { return !g.run(s, k).State.Ended() })
		}
		testkit.Until(t, "both runs to end", func() bool {
			sleep(2 * time.Second)
			if ended() {
				return true
			}
			g.outcome([]string{"UNDERSTUDY_REGISTRY=" + g.at.uri}, []string{"handover"}) // it may be refused
			return false
		})
		steps, stubborn := g.run(s, asked[0]), g.run(s, asked[1])
		limit := stubborn.State == store.Failed && stubborn.Interruptions == 4 && g.startsOf(asked[1]) == 4
		if !limit || steps.State != store.Completed && steps.State != store.Failed {
			t.Errorf("the run with a checkpoint is %s after %d attempts; the one without is %s after %d interruptions, want it to have failed after 4",
				steps.State, steps.Attempt, stubborn.State, stubborn.Interruptions)
		}
		ticks := len(g.awaitRuns(s, "tick", 1, store.Completed))
		g.awaitRuns(s, "tick", ticks+2, store.Completed)
		g.conclude()
		runs := g.runs(s, "tick")
		noSlotIsMissing(t, runs, time.Second)
		g.checkStarts(append(runs, steps, stubborn))
	})
}

// submit asks for a run of a job.
func (g *jobsGroup) submit(s store.Store, job string) store.Key {
	g.t.Helper()
	r := store.Run{Key: store.Key{Group: "default", Job: job, Run: store.NewID()}, Trigger: store.ByPerson, By: "a test"}
	if _, _, err := s.Submit(g.t.Context(), r, nil, 100); err != nil {
		g.t.Fatal(err)
	}
	return r.Key
}

// run returns a run.
func (g *jobsGroup) run(s store.Store, k store.Key) store.Run {
	g.t.Helper()
	r, err := s.Run(g.t.Context(), k)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

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
	b := g.start("b", append(slices.Clone(g.env), "UNDERSTUDY_HOST=b"), []string{"run", "--", "sleep", "1000"})
	g.members = append(g.members, b)
	b.await("standing by for")
	a.signal(unix.SIGTERM)
	b.await("this group has 1 job (tick) that nobody runs now")
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
