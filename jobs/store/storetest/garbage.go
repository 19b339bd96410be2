package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// garbage: a run is an error if what is decided by its record makes no sense, and hides no
// other one.
func garbage(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	next := holders(b, "garbage")

	t.Run("EachCallAboutARunSaysSo", func(t *testing.T) {
		for _, bad := range vitalOfRun {
			t.Run(bad.String(), func(t *testing.T) {
				h := next(t)
				r := claimOne(t, b, h, processing(h, "report", "bad"))
				fine := claimOne(t, b, h, processing(h, "report", "fine"))
				s.Spoil(t, Record{Key: r.Key}, bad.field, bad.value)
				for range 2 { // no call changes it
					_, err := other.Jobs().Run(t.Context(), r.Key)
					suite.WantError(t, "Run", err, bad.want)
					there, err := b.Jobs().Update(t.Context(), h, r.Version(), ended(r, store.Completed, instant))
					if wantLeftOut(t, "Update", err, bad.want); there != nil {
						t.Errorf("Update returned %+v beside the error", there)
					}
					_, err = b.Jobs().SetProgress(t.Context(), h, r.Key, 1, store.Progress{Percent: 1, At: instant})
					suite.WantError(t, "SetProgress", err, bad.want)
					_, err = other.Jobs().Cancel(t.Context(), r.Key, "me", "")
					suite.WantError(t, "Cancel", err, bad.want)
					_, err = other.Jobs().Retry(t.Context(), r.Key, "me")
					suite.WantError(t, "Retry", err, bad.want)
					_, created, err := other.Jobs().Submit(t.Context(), waiting(h.Group, "report", "bad"), nil, 100)
					if suite.WantError(t, "Submit", err, bad.want); created {
						t.Error("Submit created a run in its place")
					}
				}
				wantRun(t, b, fine)
			})
		}
	})

	t.Run("ClaimNamesItAndInsertsTheOthers", func(t *testing.T) {
		for _, bad := range vitalOfRun {
			t.Run(bad.String(), func(t *testing.T) {
				h := next(t)
				r := claimOne(t, b, h, processing(h, "report", "bad"))
				fine := claimOne(t, b, h, processing(h, "report", "fine"))
				s.Spoil(t, Record{Key: r.Key}, bad.field, bad.value)
				fresh := processing(h, "report", "new")
				there, err := b.Jobs().Claim(t.Context(), h, []store.Run{r, fresh, fine})
				suite.WantError(t, "Claim", err, bad.want)
				if !errors.Is(err, store.ErrLeftOut) || len(there) != 3 || there[0] == nil || there[1] != nil || there[2] == nil {
					t.Fatalf("Claim: %v, %v; want the bad one, nil, and the fine one", there, err)
				}
				if diff := cmp.Diff(store.Run{Key: r.Key}, *there[0]); diff != "" {
					t.Errorf("what Claim returned of it (- want, + got):\n%s", diff)
				}
				if diff := cmp.Diff(fine, *there[2]); diff != "" {
					t.Errorf("what Claim returned of the fine one (- want, + got):\n%s", diff)
				}
				wantRun(t, other, fresh)
			})
		}
	})

	t.Run("ListsHaveTheOthersAndTheError", func(t *testing.T) {
		for _, bad := range vitalOfRun {
			t.Run(bad.String(), func(t *testing.T) {
				h := next(t)
				r := claimOne(t, b, h, processing(h, "report", "bad"))
				fine := claimOne(t, b, h, processing(h, "report", "fine"))
				s.Spoil(t, Record{Key: r.Key}, bad.field, bad.value)
				for name, list := range map[string]func() ([]store.Run, error){
					"Runs": func() ([]store.Run, error) { return other.Jobs().Runs(t.Context(), h.Group, store.Filter{Limit: 2}) },
					"Runs of a job": func() ([]store.Run, error) {
						return other.Jobs().Runs(t.Context(), h.Group, store.Filter{Job: "report", Limit: 2})
					},
					"Open": func() ([]store.Run, error) { return other.Jobs().Open(t.Context(), h, nil, 2) },
				} {
					runs, err := list()
					wantLeftOut(t, name, err, bad.want)
					if !slices.Equal(names(runs), []string{fine.Key.String()}) {
						t.Errorf("%s: %q, want %s alone", name, names(runs), fine.Key)
					}
				}
			})
		}
	})

	t.Run("DueHasTheOthersAndTheError", func(t *testing.T) {
		for _, bad := range append([]spoilt{{"due", nil, registry.ErrCorrupt}}, vitalOfRun...) {
			if bad.field == "state" { // it does not wait, as far as anybody knows: Open tells of it
				continue
			}
			t.Run(bad.String(), func(t *testing.T) {
				h := next(t)
				r := submit(t, b, waiting(h.Group, "report", "bad"), nil)
				fine := submit(t, b, waiting(h.Group, "report", "fine"), nil)
				s.Spoil(t, Record{Key: r.Key}, bad.field, bad.value)
				runs, _, err := other.Jobs().Due(t.Context(), h, time.Now().Add(time.Hour), nil, 2)
				wantLeftOut(t, "Due", err, bad.want)
				if !slices.Equal(names(runs), []string{fine.Key.String()}) {
					t.Errorf("Due: %q, want %s alone", names(runs), fine.Key)
				}
				if _, err := b.Jobs().Seal(t.Context(), h); err != nil {
					t.Errorf("Seal: %v", err)
				}
			})
		}
	})

	t.Run("EndedWithoutAnEnd", func(t *testing.T) {
		h := next(t)
		r := claimOne(t, b, h, ended(processing(h, "report", "bad"), store.Failed, instant))
		s.Spoil(t, Record{Key: r.Key}, "endedAt", nil)
		_, err := other.Jobs().Run(t.Context(), r.Key)
		suite.WantError(t, "Run", err, registry.ErrCorrupt)
	})

	t.Run("ManyHideNoneBehindALimit", func(t *testing.T) {
		h := next(t)
		for i := range 20 {
			bad := waiting(h.Group, "report", numbered("bad", i))
			bad.Priority = 9
			s.Spoil(t, Record{Key: submit(t, b, bad, nil).Key}, "failures", "many")
			s.Spoil(t, Record{Key: claimOne(t, b, h, processing(h, "report", numbered("open", i))).Key}, "failures", "many")
		}
		due := submit(t, b, waiting(h.Group, "report", "due"), nil)
		claimed := processing(h, "report", "z")
		claimed.At = instant.Add(-time.Hour)
		claimed = claimOne(t, b, h, claimed)
		runs, _, err := other.Jobs().Due(t.Context(), h, time.Now().Add(time.Hour), nil, 1)
		if wantLeftOut(t, "Due", err, registry.ErrCorrupt); !slices.Equal(names(runs), []string{due.Key.String()}) {
			t.Errorf("Due: %q, want %s", names(runs), due.Key)
		}
		runs, err = other.Jobs().Open(t.Context(), h, nil, 1)
		if wantLeftOut(t, "Open", err, registry.ErrCorrupt); !slices.Equal(names(runs), []string{claimed.Key.String()}) {
			t.Errorf("Open: %q, want %s", names(runs), claimed.Key)
		}
		runs, err = other.Jobs().Runs(t.Context(), h.Group, store.Filter{Limit: 2})
		if wantLeftOut(t, "Runs", err, registry.ErrCorrupt); !slices.Equal(names(runs), []string{due.Key.String(), claimed.Key.String()}) {
			t.Errorf("Runs: %q, want %s and %s", names(runs), due.Key, claimed.Key)
		}
		if len(err.Error()) > 10_000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})

	t.Run("PruneSparesIt", func(t *testing.T) {
		for _, bad := range vitalOfRun {
			t.Run(bad.String(), func(t *testing.T) {
				h := next(t)
				j := newJob(h, "report")
				j.Mark = instant.Add(time.Hour)
				saveJob(t, b, h, j)
				r := claimOne(t, b, h, ended(processing(h, "report", "bad"), store.Completed, instant))
				s.Spoil(t, Record{Key: r.Key}, bad.field, bad.value)
				n, err := b.Jobs().Prune(t.Context(), h, "report", store.Prunable{Before: time.Now().Add(time.Hour), FailedBefore: time.Now().Add(time.Hour), Keep: 0}, 10)
				if err != nil && !registry.Unreadable(err) || n != 0 {
					t.Errorf("Prune: %d, %v; want 0", n, err)
				}
				_, err = other.Jobs().Run(t.Context(), r.Key)
				suite.WantError(t, "Run", err, bad.want)
			})
		}
	})
}

// wantLeftOut checks that a call failed only for records that were left out, with an error.
func wantLeftOut(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, store.ErrLeftOut) {
		t.Errorf("%s: %v, want records that were left out", what, err)
	}
	suite.WantError(t, what, err, want)
}
