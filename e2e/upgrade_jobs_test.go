//go:build linux

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

// upgradeJobs are jobs whose slots are late after a second. SPANS stands for work that
// leaves a span until it is ended.
const upgradeJobs = `
jobs:
  all: {command: "NOTE; timeout 0.1 SPANS; true", schedule: "@every 2s", start_within: 1s, missed: all}
  once: {command: "NOTE", schedule: "@every 2s", start_within: 1s, missed: once}
  long: {command: "NOTE; test $UNDERSTUDY_ATTEMPT -gt 1 || exec SPANS"}
  asked: {command: "NOTE"}
`

// TestUpgrade_JobsWaitForAnInstanceThatKnowsThem replaces instances of the previous version,
// which know no jobs, by ones that have a jobs file, and the other way round.
func TestUpgrade_JobsWaitForAnInstanceThatKnowsThem(t *testing.T) {
	needBefore(t)
	both(t, func(t *testing.T, at place) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		work := []string{"env", testkit.EnvRole + "=spans", self}
		j := newJobsGroupWith(t, at, quick, nil, strings.ReplaceAll(upgradeJobs, "SPANS", "env escapee= "+strings.Join(work[1:], " ")))
		j.command = work
		g := newMixedGroup(t, j.group, "run", "--jobs", j.file)
		s := j.store()
		var idle []span // the work of the instances that know no jobs

		g.join(true)
		idle = append(idle, g.work(1))
		first := g.replace(false)
		j.awaitRuns(s, "all", 2, store.Completed)
		long := j.submit(s, "long")
		testkit.Until(t, "the long run to start", func() bool { return j.startsOf(long) == 1 })
		g.workOf(first.term, 3) // the command has two processes, so spans of jobs are there, too

		for _, crash := range []bool{true, false} {
			idle = append(idle, g.replace(crash))
			from := time.Now()
			asked := j.submit(s, "asked")
			sleep(6 * time.Second) // three slots
			if r := j.run(s, asked); r.State != store.Waiting {
				t.Errorf("%s is %s although no instance that runs jobs is active, want %s", asked, r.State, store.Waiting)
			}
			until := time.Now()
			next := g.replace(crash)
			active := time.Now()
			testkit.Until(t, "the runs that waited to end", func() bool {
				time.Sleep(20 * time.Millisecond)
				return j.run(s, asked).State == store.Completed && j.run(s, long).State == store.Completed
			})
			checkCaughtUp(t, j, s, from, until, active, next.term)
		}

		g.conclude()
		if r := j.run(s, long); r.Attempt != 2 || r.Attempts[0].Term != first.term || r.Attempts[0].End != store.AttemptExited {
			t.Errorf("the long run is %s, with the attempts %+v; want it interrupted in term %d, and run again", r.State, r.Attempts, first.term)
		}
		for _, a := range j.attempts() {
			if i := slices.IndexFunc(idle, func(s span) bool { return s.term == a.term }); i >= 0 {
				t.Errorf("attempt %d of %s was started in term %d, of the previous version", a.number, a.run, a.term)
			}
		}
		runs := j.runs(s, "all")
		noSlotIsMissing(t, runs, 2*time.Second)
		j.checkStarts(append(runs, j.runs(s, "once")...))
		for _, m := range g.members {
			if !g.isOld[m] && m.logged("nobody runs now") {
				t.Errorf("%s has a jobs file, and says that nobody runs the jobs", m.name)
			}
		}
	})
}

// checkCaughtUp waits until the slots until an instant are decided. It checks what became
// of those between two others, when no instance that runs jobs was active.
func checkCaughtUp(t *testing.T, j *jobsGroup, s store.Store, from, until, active time.Time, term int64) {
	t.Helper()
	var all, once []store.Run
	between := func(r store.Run) bool { return r.Slot.After(from) && r.Slot.Before(until.Add(-time.Second)) }
	testkit.Until(t, "the slots that were missed to be decided", func() bool {
		time.Sleep(20 * time.Millisecond)
		all, once = j.runs(s, "all"), j.runs(s, "once")
		for _, list := range [][]store.Run{all, once} {
			later := func(r store.Run) bool { return r.Slot.After(active) }
			open := func(r store.Run) bool { return !later(r) && !r.State.Ended() }
			if !slices.ContainsFunc(list, later) || slices.ContainsFunc(list, open) {
				return false
			}
		}
		return true
	})
	ran, late, skipped := 0, 0, 0
	for _, r := range all {
		if between(r) {
			ran++
			if r.State != store.Completed || r.Attempts[0].Term < term {
				t.Errorf("%s is %s after %+v; want it completed in term %d or later", r.Key, r.State, r.Attempts, term)
			}
		}
	}
	for _, r := range once {
		switch {
		case !r.Slot.After(from) || r.Slot.After(active):
		case r.State == store.Skipped && strings.Contains(r.Remark, "that nobody started in time"):
			skipped++
		case r.State == store.Completed && between(r):
			late++
		}
	}
	if ran < 2 || late > 1 || skipped == 0 {
		t.Errorf("of the missed slots, %d ran with missed: all, want at least 2, and %d with missed: once, want 1 at most; %d records tell of the others",
			ran, late, skipped)
	}
}
