//go:build linux

package e2e

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
		g.awaitRuns(s, "tick", before+3, store.Completed)
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
		g := newJobsGroupWith(t, at, quick, nil, everySecond)
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
func TestJobs_RunOfTwiceTIsOneProcess(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroupWith(t, at, quick, nil, "\njobs: {long: {command: \"NOTE; sleep 16\", schedule: \"@every 2s\"}}\n")
		g.joinAll("a", "b")
		s := g.store()
		runs := g.awaitRuns(s, "long", 1, store.Completed)
		i := slices.IndexFunc(runs, func(r store.Run) bool { return r.State == store.Completed })
		if r := runs[i]; r.Attempt != 1 || g.startsOf(r.Key) != 1 || r.Attempts[0].To.Sub(r.Attempts[0].From) < 2*quick.OrphanAfter {
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
		before := len(g.attempts()) // from here on only the new ones start any
		testkit.Until(t, "the new ones to run jobs", func() bool { return len(g.attempts()) > before })
		ofNew := g.attempts()[before].term
		g.conclude()
		for _, r := range g.runs(s, "slow") {
			if r.Interruptions > 0 && len(r.Attempts) > 0 && r.Attempts[0].Term < ofNew {
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
