//go:build linux

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// jobsGroup is a group of real instances that run the jobs of a file. Each attempt of a
// command that begins with note leaves a line, and another one if it overlaps another
// attempt of its run.
type jobsGroup struct {
	*group
	file  string // the jobs file
	notes string // where attempts leave their lines
}

// newJobsGroup writes a jobs file, for a test in which T does not pass. In the file, NOTE
// stands for the commands that leave the line of an attempt.
func newJobsGroup(t testing.TB, at place, env []string, jobs string) *jobsGroup {
	t.Helper()
	return newJobsGroupWith(t, at, enduring, env, jobs)
}

func newJobsGroupWith(t testing.TB, at place, timing registry.Timing, env []string, jobs string) *jobsGroup {
	t.Helper()
	g := &jobsGroup{group: newGroup(t, at, timing, env...), file: filepath.Join(t.TempDir(), "jobs.yaml"), notes: t.TempDir()}
	g.command = nil
	g.env = slices.DeleteFunc(g.env, func(entry string) bool { return strings.HasPrefix(entry, testkit.EnvRole+"=") })
	g.write(jobs)
	return g
}

// write writes the jobs file, in one step.
func (g *jobsGroup) write(jobs string) {
	g.t.Helper()
	// The lock is that of the run. The kernel gives it up when the attempt is gone.
	note := fmt.Sprintf(`exec 9>>%[1]s/$(echo $UNDERSTUDY_RUN_ID | tr / _).lock; flock -n 9 || echo overlap $UNDERSTUDY_RUN_ID >>%[1]s/notes; `+
		`echo start $UNDERSTUDY_RUN_ID $UNDERSTUDY_ATTEMPT $UNDERSTUDY_TERM >>%[1]s/notes`, g.notes)
	jobs = strings.ReplaceAll(jobs, "NOTE", note)
	if err := os.WriteFile(g.file+".new", []byte(jobs), 0o600); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(g.file+".new", g.file); err != nil {
		g.t.Fatal(err)
	}
}

// join starts an instance.
func (g *jobsGroup) join(name string, env ...string) *process {
	g.t.Helper()
	args := []string{"run", "--jobs", g.file}
	if len(g.command) > 0 {
		args = append(append(args, "--"), g.command...)
	}
	return g.joinWith(name, args, env...)
}

// joinAll starts instances one after another. The first one is active and the others stand
// by when it returns.
func (g *jobsGroup) joinAll(names ...string) (members []*process) {
	g.t.Helper()
	for i, name := range names {
		m := g.join(name)
		members = append(members, m)
		if i == 0 {
			m.await("active")
		} else {
			m.await("standing by for")
		}
	}
	return members
}

// store opens the records of the jobs for the test itself.
func (g *jobsGroup) store() store.Store {
	g.t.Helper()
	return g.at.open(g.t).Jobs()
}

// runs returns the runs of a job, the first made first.
func (g *jobsGroup) runs(s store.Store, job string) []store.Run {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	list, err := s.Runs(ctx, "default", store.Filter{Job: job, Limit: store.MaxPage})
	if err != nil {
		g.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// awaitRuns waits until so many runs of a job are in a state, and returns all runs of it.
func (g *jobsGroup) awaitRuns(s store.Store, job string, n int, state store.State) (list []store.Run) {
	g.t.Helper()
	testkit.Until(g.t, fmt.Sprintf("%d runs of %s that are %s", n, job, state), func() bool {
		time.Sleep(20 * time.Millisecond) // the registry has other things to do
		list = g.runs(s, job)
		found := 0
		for _, r := range list {
			if r.State == state {
				found++
			}
		}
		return found >= n
	})
	return list
}

// attempt is the start of an attempt, as its command has noted it.
type attempt struct {
	run    string
	number int
	term   int64
}

// attempts returns the starts that commands have noted, in their order. Attempts that
// overlapped others of their run, or were started twice, fail the test.
func (g *jobsGroup) attempts() (list []attempt) {
	g.t.Helper()
	seen := map[attempt]bool{}
	for _, line := range testkit.FileLines(g.t, filepath.Join(g.notes, "notes")) {
		if line == "" {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if word != "start" {
			g.t.Errorf("two attempts of a run at a time: %s", line)
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) != 3 {
			g.t.Errorf("a note of an attempt is %q", line)
			continue
		}
		number, _ := strconv.Atoi(fields[1])
		term, _ := strconv.ParseInt(fields[2], 10, 64)
		a := attempt{fields[0], number, term}
		if seen[attempt{run: a.run, number: a.number}] {
			g.t.Errorf("attempt %d of %s was started twice", a.number, a.run)
		}
		seen[attempt{run: a.run, number: a.number}] = true
		list = append(list, a)
	}
	return list
}

// startsOf counts the starts of the attempts of a run.
func (g *jobsGroup) startsOf(k store.Key) (n int) {
	for _, a := range g.attempts() {
		if a.run == k.String() {
			n++
		}
	}
	return n
}

// conclude stops the members that still run, and checks what all members left behind.
func (g *jobsGroup) conclude() {
	g.t.Helper()
	g.stop()
	g.checkProcesses()
	g.attempts()
}

// noSlotIsMissing checks that there is a run for each slot of a schedule of whole seconds,
// from the first to the last run of a schedule that there is, and that its slots are
// multiples of every.
func noSlotIsMissing(t testing.TB, runs []store.Run, every time.Duration) {
	t.Helper()
	var slots []time.Time
	for _, r := range runs {
		if r.Trigger == store.BySchedule {
			slots = append(slots, r.Slot)
		}
	}
	slices.SortFunc(slots, time.Time.Compare)
	for i, slot := range slots {
		if slot.UnixNano()%int64(every) != 0 {
			t.Errorf("there is a run for %v, which is no slot", slot)
		}
		if i > 0 && slot.Sub(slots[i-1]) != every {
			t.Errorf("after the slot %v comes %v", slots[i-1], slot)
		}
	}
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
