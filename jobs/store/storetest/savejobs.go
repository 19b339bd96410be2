package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// saveJobs: a holder saves many jobs in one call, and no late write of an earlier holder
// gets in its way.
func saveJobs(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	save := func(t *testing.T, h store.Holder, jobs ...store.Job) error {
		t.Helper()
		return b.Jobs().SaveJobs(t.Context(), h, jobs)
	}
	// named returns jobs of a revision.
	named := func(h store.Holder, revision int64, names ...string) (list []store.Job) {
		for _, name := range names {
			j := newJob(h, name)
			j.Revision = revision
			list = append(list, j)
		}
		return list
	}
	// want checks which jobs the group has, and of which term and revision they are.
	type version struct{ Term, Revision int64 }
	want := func(t *testing.T, group string, want map[string]version) {
		t.Helper()
		list, err := other.Jobs().Jobs(t.Context(), group)
		got := map[string]version{}
		for _, j := range list {
			got[j.Name] = version{j.Term, j.Revision}
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("the term and the revision of each job: %v (- want, + got):\n%s", err, diff)
		}
	}

	t.Run("AThousandAreSavedInOneCall", func(t *testing.T) {
		h := hold(t, b, "many")
		var jobs []store.Job
		for i := range store.MaxPage + 1 {
			jobs = append(jobs, newJob(h, numbered("job", i)))
		}
		suite.WantError(t, "SaveJobs of one more than MaxPage", save(t, h, jobs...), store.ErrTooLarge)
		want(t, "many", map[string]version{})
		jobs = jobs[:store.MaxPage]
		for revision := range int64(2) {
			for i := range jobs {
				jobs[i].Revision = revision + 1
			}
			if err := save(t, h, jobs...); err != nil {
				t.Fatalf("SaveJobs of revision %d: %v", revision+1, err)
			}
		}
		for i := range jobs {
			jobs[i].Term, jobs[i].Schema = h.Term, store.Schema
		}
		list, err := other.Jobs().Jobs(t.Context(), "many")
		if diff := cmp.Diff(jobs, list); err != nil || diff != "" {
			t.Errorf("Jobs: %v (- want, + got):\n%s", err, diff)
		}
	})

	t.Run("NoneAreSavedWithoutAnError", func(t *testing.T) {
		h := hold(t, b, "none")
		if err := save(t, h); err != nil {
			t.Errorf("SaveJobs of no jobs: %v", err)
		}
		want(t, "none", map[string]version{})
	})

	t.Run("WhatPeopleAskForIsNotTheHoldersToWrite", func(t *testing.T) {
		h := hold(t, b, "people")
		for revision := range int64(2) { // a new record, and one that is there
			j := newJob(h, "report")
			j.Revision, j.Paused, j.Resumed = revision+1, &store.Request{By: "the holder", At: instant}, instant
			j = saveJob(t, b, h, j)
			j.Paused, j.Resumed = nil, time.Time{}
			wantJob(t, other, j)
		}
	})

	// The first call was applied, in whole or in part, and its answer never came.
	t.Run("AfterALostAnswerTheSameCallSavesTheRest", func(t *testing.T) {
		h := hold(t, b, "lost")
		jobs := named(h, 3, "a", "b", "c")
		if err := save(t, h, jobs[1]); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			suite.WantError(t, "SaveJobs again", save(t, h, jobs...), store.ErrChanged)
			want(t, "lost", map[string]version{"a": {h.Term, 3}, "b": {h.Term, 3}, "c": {h.Term, 3}})
		}
		if err := save(t, h, named(h, 4, "a", "b", "c")...); err != nil {
			t.Errorf("SaveJobs of the next revision: %v", err)
		}
	})

	t.Run("WhatIsOfALaterRevisionKeepsNoOtherFromBeingSaved", func(t *testing.T) {
		h := hold(t, b, "later")
		if err := save(t, h, append(named(h, 2, "a", "c"), named(h, 9, "b")...)...); err != nil {
			t.Fatal(err)
		}
		suite.WantError(t, "SaveJobs", save(t, h, named(h, 5, "a", "b", "c", "d")...), store.ErrChanged)
		want(t, "later", map[string]version{"a": {h.Term, 5}, "b": {h.Term, 9}, "c": {h.Term, 5}, "d": {h.Term, 5}})
	})

	t.Run("OfOneJobTwiceTheHighestRevisionStays", func(t *testing.T) {
		h := hold(t, b, "twice")
		for _, jobs := range [][]store.Job{append(named(h, 1, "up"), named(h, 2, "up")...), append(named(h, 2, "down"), named(h, 1, "down")...)} {
			if err := save(t, h, jobs...); err != nil {
				suite.WantError(t, "SaveJobs", err, store.ErrChanged)
			}
		}
		want(t, "twice", map[string]version{"up": {h.Term, 2}, "down": {h.Term, 2}})
	})

	// The holder of an earlier term thaws after the takeover.
	t.Run("ALateCallOfAnEarlierHolderChangesNothingThatItsSuccessorHas", func(t *testing.T) {
		early := hold(t, b, "thaw")
		if err := save(t, early, named(early, 1, "sealed", "unsealed")...); err != nil {
			t.Fatal(err)
		}
		h := hold(t, b, "thaw")
		if _, err := b.Jobs().Seal(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		if err := save(t, h, named(h, 1, "new")...); err != nil {
			t.Fatal(err)
		}
		late := named(early, 1000, "sealed", "new", "late")
		suite.WantError(t, "a late SaveJobs", save(t, early, late...), store.ErrSuperseded, store.ErrLeftOut)
		sealed := map[string]version{"sealed": {h.Term, 1}, "unsealed": {h.Term, 1}, "new": {h.Term, 1}}
		if j := job(t, b, "thaw", "late"); j != nil {
			// A backend that does not know the latest term may have made a record of this
			// one. It must not stay in the way.
			sealed["late"] = version{early.Term, 1000}
		}
		want(t, "thaw", sealed)
		if err := save(t, h, named(h, 2, "sealed", "unsealed", "new", "late")...); err != nil {
			t.Errorf("SaveJobs after a late one of an earlier holder: %v", err)
		}
		want(t, "thaw", map[string]version{"sealed": {h.Term, 2}, "unsealed": {h.Term, 2}, "new": {h.Term, 2}, "late": {h.Term, 2}})
		suite.WantError(t, "a late SaveJobs, again", save(t, early, named(early, 2000, "late")...), store.ErrSuperseded, store.ErrLeftOut)
		want(t, "thaw", map[string]version{"sealed": {h.Term, 2}, "unsealed": {h.Term, 2}, "new": {h.Term, 2}, "late": {h.Term, 2}})
	})

	// The terms were lost, or somebody has written garbage.
	t.Run("ARecordOfALaterTermIsNotWrittenOver", func(t *testing.T) {
		h := hold(t, b, "back")
		if err := save(t, h, named(h, 1, "a", "b")...); err != nil {
			t.Fatal(err)
		}
		s.Spoil(t, Record{Key: store.Key{Group: "back", Job: "b"}}, "term", h.Term+5)
		suite.WantError(t, "SaveJobs", save(t, h, named(h, 2, "b", "c")...), store.ErrLeftOut)
		suite.WantError(t, "SaveJobs beside one that was changed", save(t, h, named(h, 1, "a", "b")...), store.ErrChanged)
		want(t, "back", map[string]version{"a": {h.Term, 1}, "c": {h.Term, 2}, "b": {h.Term + 5, 1}})
	})

	t.Run("OneThatMakesNoSenseKeepsNoOtherFromBeingSaved", func(t *testing.T) {
		for i, bad := range vitalOfJob {
			h := hold(t, b, numbered("garbage", i))
			if err := save(t, h, named(h, 1, "a", "bad", "changed")...); err != nil {
				t.Fatal(err)
			}
			s.Spoil(t, Record{Key: store.Key{Group: h.Group, Job: "bad"}}, bad.field, bad.value)
			// Whoever saves again after ErrChanged learns of the bad one then.
			err := save(t, h, append(named(h, 2, "a", "bad", "new"), named(h, 1, "changed")...)...)
			if suite.WantError(t, "SaveJobs beside one that was changed", err, store.ErrChanged); registry.Unreadable(err) {
				t.Errorf("SaveJobs: %v, want ErrChanged alone", err)
			}
			list, err := other.Jobs().Jobs(t.Context(), h.Group)
			if !registry.Unreadable(err) || !errors.Is(err, store.ErrLeftOut) || len(list) != 3 || list[0].Revision != 2 || list[1].Revision != 1 || list[2].Revision != 2 {
				t.Errorf("with %s, Jobs: %+v, %v; want a and new of revision 2, and the changed one of 1", bad, list, err)
			}
			suite.WantError(t, "SaveJobs with "+bad.String(), save(t, h, named(h, 3, "a", "bad", "new", "changed")...), bad.want)
			if list, _ := other.Jobs().Jobs(t.Context(), h.Group); len(list) != 3 || list[0].Revision != 3 || list[1].Revision != 3 || list[2].Revision != 3 {
				t.Errorf("with %s, Jobs: %+v, want all of revision 3", bad, list)
			}
		}
	})

	t.Run("WhatCannotBeStoredIsRefusedWithAllOthers", func(t *testing.T) {
		h := hold(t, b, "refused")
		for name, change := range map[string]func(j *store.Job){
			"a name in capitals": func(j *store.Job) { j.Name = "Report" },
			"no name":            func(j *store.Job) { j.Name = "" },
			"another group":      func(j *store.Job) { j.Group = "another" },
			"no revision":        func(j *store.Job) { j.Revision = 0 },
		} {
			jobs := named(h, 1, "a", "report", "z")
			change(&jobs[1])
			suite.WantError(t, "SaveJobs with "+name, save(t, h, jobs...), registry.ErrCorrupt)
		}
		want(t, "refused", map[string]version{})
	})
}
