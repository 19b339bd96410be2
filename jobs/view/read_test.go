package view

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

const group = "orders"

// newStore returns the jobs of a registry, and the holder of its first term.
func newStore(t *testing.T) (store.Store, store.Holder) {
	t.Helper()
	r, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "registry.db"), sqlite.Options{OrphanAfter: 4 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	h := store.Holder{Group: group, Term: 1, Instance: uuid.Must(uuid.NewV7())}
	if err := r.BeginTerm(t.Context(), registry.Term{Group: group, Number: 1, Holder: h.Instance, Host: "host"}); err != nil {
		t.Fatal(err)
	}
	return r.Jobs(), h
}

// claim makes runs of a job, one per state, the last one made last.
func claim(t *testing.T, s store.Store, h store.Holder, job string, from time.Time, states ...store.State) {
	t.Helper()
	var runs []store.Run
	for i, state := range states {
		at := from.Add(time.Duration(i) * time.Second)
		r := store.Run{Key: store.Key{Group: group, Job: job, Run: store.SlotID(at)}, Trigger: store.BySchedule, Slot: at, At: at, Due: at, State: state, Open: !state.Ended(), Attempt: 1}
		if state.Ended() {
			r.EndedAt = at
		}
		runs = append(runs, r)
	}
	if _, err := s.Claim(t.Context(), h, runs); err != nil {
		t.Fatal(err)
	}
}

func repeat(state store.State, n int) (list []store.State) {
	for range n {
		list = append(list, state)
	}
	return list
}

func saveJobs(t *testing.T, s store.Store, h store.Holder, names ...string) {
	t.Helper()
	var jobs []store.Job
	for _, name := range names {
		jobs = append(jobs, store.Job{Group: group, Name: name, Revision: 1})
	}
	if err := s.SaveJobs(t.Context(), h, jobs); err != nil {
		t.Fatal(err)
	}
}

func TestReadJobs_CountsTheStreakOfTheLatestRuns(t *testing.T) {
	s, h := newStore(t)
	for _, tt := range []struct {
		job     string
		states  []store.State
		last    store.State
		streak  int
		current bool
	}{
		{"none", nil, "", 0, false},
		{"first", []store.State{store.Processing}, "", 0, true},
		{"failing", []store.State{store.Completed, store.Failed, store.Failed, store.Processing, store.Waiting}, store.Failed, 2, true},
		{"recovered", []store.State{store.Failed, store.Failed, store.Completed}, store.Completed, 1, false},
		{"interleaved", []store.State{store.Failed, store.Completed, store.Failed}, store.Failed, 1, false},
		{"long", repeat(store.Completed, RecentRuns+5), store.Completed, RecentRuns, false},
	} {
		saveJobs(t, s, h, tt.job)
		claim(t, s, h, tt.job, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), tt.states...)
		list, err := ReadJobs(t.Context(), s, group, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var got Job
		for _, j := range list.Jobs {
			if j.Name == tt.job {
				got = j
			}
		}
		if got.Streak != tt.streak || (got.Current != nil) != tt.current || (got.Last != nil) != (tt.last != "") || got.Last != nil && got.Last.Status != tt.last {
			t.Errorf("%s: %+v", tt.job, got)
		}
	}
}

// counting counts the calls for runs, and fails those for one job.
type counting struct {
	store.Asking
	mu    sync.Mutex
	calls int
	fails string
	err   error
}

func (c *counting) Runs(ctx context.Context, group string, f store.Filter) ([]store.Run, error) {
	c.mu.Lock()
	c.calls++
	c.mu.Unlock()
	if c.err != nil && f.Job == c.fails {
		return nil, c.err
	}
	return c.Asking.Runs(ctx, group, f)
}

// A job that runs often must not hide the last run of one that runs rarely.
func TestReadJobs_FindsTheRunsOfRareJobsInABoundedNumberOfReads(t *testing.T) {
	s, h := newStore(t)
	begin := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	saveJobs(t, s, h, "rare", "busy")
	claim(t, s, h, "rare", begin, store.Failed, store.Failed)
	claim(t, s, h, "busy", begin.Add(time.Hour), repeat(store.Completed, store.MaxPage)...)
	c := &counting{Asking: s}
	list, err := ReadJobs(t.Context(), c, group, time.Now())
	if err != nil || len(list.Jobs) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if rare := list.Jobs[1]; rare.Last == nil || rare.Last.Status != store.Failed || rare.Streak != 2 {
		t.Errorf("rare is %+v", rare)
	}
	if c.calls != 2 {
		t.Errorf("%d reads of runs, want one for the group and one for rare", c.calls)
	}
	var names []string
	for i := range maxReads + 50 {
		names = append(names, fmt.Sprintf("x%d", i))
	}
	saveJobs(t, s, h, names...)
	c.calls = 0
	if list, err = ReadJobs(t.Context(), c, group, time.Now()); err != nil || len(list.Jobs) != len(names)+2 || c.calls != 1+maxReads {
		t.Errorf("%d jobs by %d reads of runs, %v; want %d reads", len(list.Jobs), c.calls, err, 1+maxReads)
	}
	away := errors.New("away")
	for job, err := range map[string]error{"": away, "rare": away} {
		c.fails, c.err = job, err
		if _, err := ReadJobs(t.Context(), c, group, time.Now()); !errors.Is(err, away) {
			t.Errorf("%q fails: %v, want that error", job, err)
		}
	}
	c.fails, c.err = "rare", registry.ErrCorrupt
	if list, err = ReadJobs(t.Context(), c, group, time.Now()); err != nil || len(list.Jobs) != len(names)+2 || list.Unread == "" {
		t.Errorf("a record that cannot be understood: %q, %v", list.Unread, err)
	}
}

func TestReadRuns_SaysWhereTheNextPageBegins(t *testing.T) {
	s, h := newStore(t)
	claim(t, s, h, "report", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), repeat(store.Completed, 5)...)
	f := store.Filter{Job: "report", Limit: 2}
	var got []string
	for pages := range 4 {
		page, err := ReadRuns(t.Context(), s, group, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Runs {
			got = append(got, r.Run)
		}
		if page.Before == "" {
			if pages != 2 || len(page.Runs) != 1 {
				t.Errorf("page %d is the last one: %+v", pages, page)
			}
			break
		}
		if f.Before, err = ParseCursor(group, page.Before); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"2027-01-01T00:00:04Z", "2027-01-01T00:00:03Z", "2027-01-01T00:00:02Z", "2027-01-01T00:00:01Z", "2027-01-01T00:00:00Z"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := ReadRuns(t.Context(), &counting{Asking: s, fails: "report", err: errors.New("away")}, group, f); err == nil {
		t.Error("an error of the store is not returned")
	}
	page, err := ReadRuns(t.Context(), &counting{Asking: s, fails: "report", err: registry.ErrCorrupt}, group, f)
	if err != nil || page.Unread == "" || page.Runs == nil {
		t.Errorf("a record that cannot be understood: %+v, %v", page, err)
	}
}
