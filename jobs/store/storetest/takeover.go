package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// takeover: the next holder seals what waits, and finds what was interrupted.
func takeover(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)

	t.Run("OpenReturnsWhatIsLeftToBeDoneTheLowestTermsFirst", func(t *testing.T) {
		const group = "open"
		var want []string
		for range 3 {
			h := hold(t, b, group)
			for i := range 2 {
				// Neither the names nor the times are in the order of the terms.
				r := processing(h, fmt.Sprintf("report%d", 9-h.Term), fmt.Sprintf("%d.%d", 9-h.Term, i))
				r.At, r.Due = instant.Add(-time.Duration(h.Term)*time.Hour), instant.Add(-time.Duration(h.Term)*time.Hour)
				r = claimOne(t, b, h, r)
				want = append(want, r.Key.String())
			}
			if h.Term == 2 {
				done := ended(processing(h, "report", "2.9"), store.Completed, instant)
				done.Open = true
				want = append(want, claimOne(t, b, h, done).Key.String())
			}
			done := processing(h, "report", fmt.Sprintf("%d.closed", h.Term))
			claimOne(t, b, h, ended(done, store.Completed, instant))
		}
		submit(t, b, waiting(group, "report", "waits"), nil)
		for _, limit := range []int{1, 3, 100, store.MaxPage + 1} {
			runs, err := other.Jobs().Open(t.Context(), AnyHolder(group), nil, limit)
			if err != nil {
				t.Fatal(err)
			}
			terms := []int64{}
			for _, r := range runs {
				terms = append(terms, r.Term)
			}
			if diff := cmp.Diff([]int64{1, 1, 2, 2, 2, 3, 3}[:min(limit, 7)], terms); diff != "" {
				t.Errorf("the terms of up to %d open runs (- want, + got):\n%s", limit, diff)
			}
			if limit >= len(want) {
				got := map[string]bool{}
				for _, name := range names(runs) {
					got[name] = true
				}
				for _, name := range want {
					if !got[name] {
						t.Errorf("Open returned %v, want %s among them", names(runs), name)
					}
				}
			}
		}
		for _, limit := range []int{0, -1} {
			if runs, err := other.Jobs().Open(t.Context(), AnyHolder(group), nil, limit); err != nil || len(runs) != 0 {
				t.Errorf("Open of up to %d: %v, %v; want none", limit, names(runs), err)
			}
		}
	})

	t.Run("OpenLeavesOut", func(t *testing.T) {
		const group = "except"
		h := hold(t, b, group)
		var keys []store.Key
		for _, job := range []string{"a", "b"} {
			for _, run := range []string{`"1"`, "2", "2027-01-01T00:00:00Z"} {
				r := ended(processing(h, job, run), store.Completed, instant)
				r.Open = true
				keys = append(keys, claimOne(t, b, h, r).Key)
			}
		}
		foreign := keys[5]
		foreign.Group = "another"
		for _, tt := range []struct{ except, want []store.Key }{
			{[]store.Key{}, keys},
			{keys[:1], keys[1:]},
			{[]store.Key{keys[4], keys[2], keys[4], {Group: group, Job: "a", Run: "none"}, {Group: group, Job: "1", Run: "a"}, {}}, []store.Key{keys[0], keys[1], keys[3], keys[5]}},
			{keys, nil},
			{[]store.Key{foreign}, keys},
		} {
			for _, limit := range []int{2, 100} {
				runs, err := other.Jobs().Open(t.Context(), AnyHolder(group), tt.except, limit)
				var want []string
				for _, k := range tt.want[:min(limit, len(tt.want))] {
					want = append(want, k.String())
				}
				if err != nil || !slices.Equal(names(runs), want) {
					t.Errorf("Open except of %v, up to %d: %q, %v; want %q", tt.except, limit, names(runs), err, want)
				}
			}
		}
	})

	t.Run("SealTakesJobsAndWaitingRunsOver", func(t *testing.T) {
		const group = "seal"
		first := hold(t, b, group)
		var jobs []store.Job
		for _, name := range []string{"b", "a", "c"} {
			jobs = append(jobs, saveJob(t, b, first, newJob(first, name)))
		}
		never := submit(t, b, waiting(group, "a", "never sealed"), nil)
		claimed := processing(first, "a", "waits")
		claimed.State = store.Waiting
		claimed = claimOne(t, b, first, claimed)
		interrupted := claimOne(t, b, first, processing(first, "a", "interrupted"))
		over := claimOne(t, b, first, ended(processing(first, "a", "over"), store.Completed, instant))
		if _, err := b.Jobs().Pause(t.Context(), group, "b", "me", "because"); err != nil {
			t.Fatal(err)
		}

		h := hold(t, b, group)
		for range 2 { // the second time changes nothing
			got, err := b.Jobs().Seal(t.Context(), h)
			if err != nil {
				t.Fatalf("Seal: %v", err)
			}
			want := []store.Job{jobs[1], jobs[0], jobs[2]}
			for i := range want {
				want[i].Term = h.Term
			}
			want[1].Paused = got[1].Paused
			if diff := cmp.Diff(want, got); diff != "" || got[1].Paused == nil {
				t.Errorf("the jobs that Seal returned, b paused (- want, + got):\n%s", diff)
			}
			list, err := other.Jobs().Jobs(t.Context(), group)
			if diff := cmp.Diff(got, list); err != nil || diff != "" {
				t.Errorf("Jobs after Seal: %v (- sealed, + got):\n%s", err, diff)
			}
			for _, r := range []store.Run{never, claimed} {
				r.Term, r.Instance = h.Term, h.Instance
				wantRun(t, other, r)
			}
			wantRun(t, other, interrupted)
			wantRun(t, other, over)
		}

		// What the earlier holder still writes misses.
		start := claimed
		start.State, start.Attempt = store.Processing, 2
		_, err := b.Jobs().Update(t.Context(), first, claimed.Version(), start)
		suite.WantError(t, "a late Update of a waiting run", err, store.ErrSuperseded, store.ErrChanged)
		late := newJob(first, "a")
		late.Revision = 1000
		suite.WantError(t, "a late SaveJobs", b.Jobs().SaveJobs(t.Context(), first, []store.Job{late}), store.ErrSuperseded, store.ErrLeftOut)
		list, err := b.Jobs().Jobs(t.Context(), group)
		if err != nil || list[0].Revision != 1 || list[0].Term != h.Term {
			t.Errorf("Jobs after a late SaveJobs: %+v, %v; want revision 1 of term %d", list, err, h.Term)
		}
		claimed.Term, claimed.Instance = h.Term, h.Instance
		wantRun(t, b, claimed)
	})

	t.Run("SealOfASupersededHolderIsRefused", func(t *testing.T) {
		const group = "sealed"
		early := hold(t, b, group)
		saveJob(t, b, early, newJob(early, "a"))
		submit(t, b, waiting(group, "a", "1"), nil)
		h := hold(t, b, group)
		if _, err := b.Jobs().Seal(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		jobs, err := other.Jobs().Seal(t.Context(), early)
		suite.WantError(t, "Seal of an earlier term", err, store.ErrSuperseded, store.ErrLeftOut)
		if len(jobs) > 0 {
			t.Errorf("Seal returned %v beside the error", jobs)
		}
		if r := read(t, b, store.Key{Group: group, Job: "a", Run: "1"}); r.Term != h.Term {
			t.Errorf("the waiting run has term %d, want %d", r.Term, h.Term)
		}
	})

	// The terms were lost, or somebody has written garbage. There are more such records than
	// a call asks for.
	t.Run("RecordsOfALaterTermAreLeftOut", func(t *testing.T) {
		const group = "later"
		early := hold(t, b, group)
		saveJob(t, b, early, newJob(early, "a"))
		saveJob(t, b, early, newJob(early, "b"))
		for _, id := range []string{"1", "2", "3", "4"} {
			submit(t, b, waiting(group, "a", id), nil)
			claimOne(t, b, early, processing(early, "b", id))
		}
		h := hold(t, b, group)
		s.Spoil(t, Record{Key: store.Key{Group: group, Job: "a"}}, "term", h.Term+5)
		for _, id := range []string{"1", "2", "3"} {
			s.Spoil(t, Record{Key: store.Key{Group: group, Job: "a", Run: id}}, "term", h.Term+5)
			s.Spoil(t, Record{Key: store.Key{Group: group, Job: "b", Run: id}}, "term", h.Term+5)
		}
		wantLeftOut := func(what string, err error, names ...string) {
			t.Helper()
			suite.WantError(t, what, err, store.ErrLeftOut)
			suite.WantError(t, what, err, registry.ErrCorrupt)
			for _, name := range append(names, fmt.Sprintf("term %d", h.Term+5)) {
				if err != nil && !strings.Contains(err.Error(), name) {
					t.Errorf("%s: the error %q does not tell of %s", what, err, name)
				}
			}
		}
		list, err := b.Jobs().Seal(t.Context(), h)
		wantLeftOut("Seal", err, "job a")
		if len(list) != 1 || list[0].Name != "b" || list[0].Term != h.Term {
			t.Errorf("Seal: %+v, want the job b of term %d", list, h.Term)
		}
		runs, next, err := other.Jobs().Due(t.Context(), h, time.Now().Add(time.Hour), nil, 1)
		wantLeftOut("Due", err, "run a/1")
		if len(runs) != 1 || runs[0].Run != "4" || runs[0].Term != h.Term || !next.IsZero() {
			t.Errorf("Due: %v, %v; want run 4 of term %d", runs, next, h.Term)
		}
		if _, next, err = other.Jobs().Due(t.Context(), h, instant.Add(-time.Hour), nil, 1); err == nil && !next.Equal(runs[0].Due) {
			t.Errorf("Due of an earlier time: the next one is due at %v, want %v", next, runs[0].Due)
		}
		runs, err = other.Jobs().Open(t.Context(), h, nil, 2)
		wantLeftOut("Open", err, "run b/1")
		if len(runs) != 1 || runs[0].Run != "4" || runs[0].Term != early.Term {
			t.Errorf("Open: %v, want run 4 of term %d", runs, early.Term)
		}
	})

	t.Run("SealOfNothing", func(t *testing.T) {
		h := hold(t, b, "nothing")
		if jobs, err := b.Jobs().Seal(t.Context(), h); err != nil || len(jobs) != 0 {
			t.Errorf("Seal: %v, %v; want no jobs", jobs, err)
		}
	})

	// The insert of an earlier term arrives after the takeover.
	t.Run("ALateClaimIsFoundByTheNextOne", func(t *testing.T) {
		const group = "duplicate"
		early := hold(t, b, group)
		r := claimOne(t, b, early, processing(early, "report", "1"))
		h := hold(t, b, group)
		there, err := b.Jobs().Claim(t.Context(), h, []store.Run{processing(h, "report", "1")})
		if err != nil || len(there) != 1 || there[0] == nil || there[0].Term != early.Term || there[0].Nonce != r.Nonce {
			t.Errorf("Claim of a run of an earlier term: %v, %v; want that one", there, err)
		}
	})
}
