package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// job returns a job as it is stored; nil if there is none.
func job(t testing.TB, b Backend, group, name string) *store.Job {
	t.Helper()
	list, err := b.Jobs().Jobs(t.Context(), group)
	if err != nil {
		t.Fatalf("Jobs: %v", err)
	}
	for _, j := range list {
		if j.Name == name {
			return &j
		}
	}
	return nil
}

func wantJob(t testing.TB, b Backend, want store.Job) {
	t.Helper()
	if diff := cmp.Diff(&want, job(t, b, want.Group, want.Name)); diff != "" {
		t.Errorf("the job %s (- want, + got):\n%s", want.Name, diff)
	}
}

// jobs: what a group remembers of its jobs.
func jobs(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)

	t.Run("AJobIsReadAsItWasSaved", func(t *testing.T) {
		h := hold(t, b, "saved")
		j := saveJob(t, b, h, newJob(h, "report"))
		wantJob(t, other, j)
		next := store.Job{Group: h.Group, Name: "report", Revision: 2}
		wantJob(t, other, func() store.Job { saveJob(t, b, h, next); next.Term, next.Schema = h.Term, store.Schema; return next }())
		long := strings.Repeat("ä", 1000)
		next.Revision, next.Schedule, next.Zone, next.Description = 3, long, long, long
		next.Mark = instant.Add(999_999 * time.Nanosecond)
		next = saveJob(t, b, h, next)
		next.Schedule, next.Zone, next.Description, next.Mark = registry.Clip(long), registry.Clip(long), registry.Clip(long), instant
		wantJob(t, other, next)
	})

	t.Run("TheRevisionOrdersTheHoldersOwnWrites", func(t *testing.T) {
		h := hold(t, b, "revision")
		late := newJob(h, "report")
		late.Revision = 4
		now := late
		now.Revision, now.Mark = 5, instant.Add(time.Hour)
		now = saveJob(t, b, h, now)
		suite.WantError(t, "SaveJobs of an earlier revision", b.Jobs().SaveJobs(t.Context(), h, []store.Job{late}), store.ErrChanged)
		late.Revision = 5
		suite.WantError(t, "SaveJobs of the same revision", b.Jobs().SaveJobs(t.Context(), h, []store.Job{late}), store.ErrChanged)
		wantJob(t, other, now)
	})

	// The insert of an earlier term may arrive after Seal, with any revision. It must not
	// keep the holder from saving the job.
	t.Run("ARecordOfAnEarlierTermIsWrittenOver", func(t *testing.T) {
		early := hold(t, b, "term")
		j := newJob(early, "report")
		j.Revision = 1000
		saveJob(t, b, early, j)
		if _, err := other.Jobs().Pause(t.Context(), "term", "report", "me", ""); err != nil {
			t.Fatal(err)
		}
		h := hold(t, b, "term")
		next := saveJob(t, b, h, newJob(h, "report"))
		next.Paused = job(t, b, "term", "report").Paused
		if next.Paused == nil {
			t.Error("the job is not paused any more")
		}
		wantJob(t, other, next)
	})

	t.Run("OfRivalsOneSavesARevision", func(t *testing.T) {
		h := hold(t, b, "rivals")
		for round := range 5 {
			saved := 0
			for _, err := range suite.Race(func(i int) error {
				j := newJob(h, "report")
				j.Revision = int64(round + 1)
				return []Backend{b, other}[i%2].Jobs().SaveJobs(t.Context(), h, []store.Job{j})
			}) {
				if err == nil {
					saved++
				} else {
					suite.WantError(t, "SaveJobs", err, store.ErrChanged)
				}
			}
			if saved != 1 {
				t.Errorf("round %d: %d rivals saved the same revision, want one", round, saved)
			}
		}
	})

	t.Run("PauseStaysUntilResume", func(t *testing.T) {
		h := hold(t, b, "pause")
		j := saveJob(t, b, h, newJob(h, "report"))
		begun := time.Now().Add(-time.Minute)
		paused, err := other.Jobs().Pause(t.Context(), "pause", "report", "me", "because")
		if err != nil || paused.Paused == nil || paused.Paused.By != "me" || paused.Paused.Why != "because" || paused.Paused.At.Before(begun) {
			t.Fatalf("Pause: %+v, %v; want that I paused it", paused, err)
		}
		j.Paused = paused.Paused
		wantJob(t, b, j)
		again, err := b.Jobs().Pause(t.Context(), "pause", "report", "you", "too")
		if diff := cmp.Diff(j, again); err != nil || diff != "" {
			t.Errorf("Pause of a paused job: %v (- want, + got):\n%s", err, diff)
		}

		next := newJob(h, "report")
		next.Revision = 2
		next = saveJob(t, b, h, next) // it says nothing about the pause
		next.Paused = j.Paused
		wantJob(t, other, next)
		next.Revision, next.Paused = 3, nil
		next = saveJob(t, b, h, next)
		next.Paused = j.Paused
		wantJob(t, other, next)

		resumed, err := other.Jobs().Resume(t.Context(), "pause", "report")
		if resumed.Resumed.Before(begun) || resumed.Resumed.After(time.Now().Add(time.Minute)) || !resumed.Resumed.Equal(resumed.Resumed.Truncate(time.Millisecond)) {
			t.Errorf("Resumed is %v, want now, in milliseconds", resumed.Resumed)
		}
		next.Paused, next.Resumed = nil, resumed.Resumed
		if diff := cmp.Diff(next, resumed); err != nil || diff != "" {
			t.Errorf("Resume: %v (- want, + got):\n%s", err, diff)
		}
		wantJob(t, b, next)
		resumed, err = other.Jobs().Resume(t.Context(), "pause", "report") // changes nothing
		if diff := cmp.Diff(next, resumed); err != nil || diff != "" {
			t.Errorf("Resume of a job that is not paused: %v (- want, + got):\n%s", err, diff)
		}
		wantJob(t, b, next)
		lie := next
		lie.Revision, lie.Paused, lie.Resumed = 4, &store.Request{By: "the holder", At: instant}, instant
		saveJob(t, b, h, lie)
		next.Revision = 4
		wantJob(t, b, next)
		paused, err = other.Jobs().Pause(t.Context(), "pause", "report", "me", "again")
		if next.Paused = paused.Paused; err != nil || next.Paused == nil {
			t.Errorf("Pause: %+v, %v", paused, err)
		}
		wantJob(t, b, next) // when it was resumed before stays
	})

	t.Run("NoPauseIsLostToTheHolder", func(t *testing.T) {
		h := hold(t, b, "race")
		saveJob(t, b, h, newJob(h, "report"))
		for round := range 5 {
			var asked store.Job
			errs := suite.Race(func(i int) (err error) {
				if i == 0 {
					asked, err = other.Jobs().Pause(t.Context(), "race", "report", "me", "")
					return err
				}
				j := newJob(h, "report")
				j.Revision = int64(2 + round*suite.Rivals + i)
				if err = b.Jobs().SaveJobs(t.Context(), h, []store.Job{j}); errors.Is(err, store.ErrChanged) {
					return nil
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			if j := job(t, b, "race", "report"); j.Paused == nil || !cmp.Equal(j.Paused, asked.Paused) {
				t.Errorf("round %d: the job is %+v, want it paused", round, j)
			}
			if _, err := other.Jobs().Resume(t.Context(), "race", "report"); err != nil {
				t.Fatal(err)
			}
		}
	})

	t.Run("AJobWithoutARecordCannotBePaused", func(t *testing.T) {
		h := hold(t, b, "none")
		saveJob(t, b, h, newJob(h, "report"))
		for _, k := range []store.Key{{Group: "none", Job: "repor"}, {Group: "non", Job: "report"}, {Group: "none", Job: ""}} {
			_, err := b.Jobs().Pause(t.Context(), k.Group, k.Job, "me", "")
			suite.WantError(t, "Pause", err, store.ErrNoJob)
			_, err = b.Jobs().Resume(t.Context(), k.Group, k.Job)
			suite.WantError(t, "Resume", err, store.ErrNoJob)
		}
	})

	t.Run("JobsAreInTheOrderOfTheirNames", func(t *testing.T) {
		h := hold(t, b, "order")
		want := []string{"a", "a-b", "a.b", "a0", "aa", "b", "z"}
		for _, i := range []int{3, 0, 6, 2, 5, 1, 4} {
			saveJob(t, b, h, newJob(h, want[i]))
		}
		list, err := other.Jobs().Jobs(t.Context(), "order")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range list {
			got = append(got, j.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Jobs: %q, want %q", got, want)
		}
		if list, err := other.Jobs().Jobs(t.Context(), "orde"); err != nil || len(list) != 0 {
			t.Errorf("Jobs of another group: %v, %v; want none", list, err)
		}
	})

	t.Run("WhatCannotBeStoredIsRefused", func(t *testing.T) {
		h := hold(t, b, "refused")
		for name, change := range map[string]func(j *store.Job){
			"a name in capitals": func(j *store.Job) { j.Name = "Report" },
			"no name":            func(j *store.Job) { j.Name = "" },
			"another group":      func(j *store.Job) { j.Group = "another" },
			"no revision":        func(j *store.Job) { j.Revision = 0 },
		} {
			j := newJob(h, "report")
			change(&j)
			suite.WantError(t, "SaveJobs with "+name, b.Jobs().SaveJobs(t.Context(), h, []store.Job{j}), registry.ErrCorrupt)
		}
		if j := job(t, b, "refused", "report"); j != nil {
			t.Errorf("there is a job %+v", j)
		}
	})
}
