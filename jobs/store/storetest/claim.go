package storetest

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// claim: a run is claimed by the insert of a record that can exist only once.
func claim(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)

	t.Run("EachKindOfRunIsReadAsItWasClaimed", func(t *testing.T) {
		h := hold(t, b, "kinds")
		waits := store.Run{Key: store.Key{Group: "kinds", Job: "then", Run: store.ChildID(store.Key{Job: "a", Run: "b"})}, Trigger: store.ByRun,
			At: instant, Due: instant.Add(time.Hour), Priority: -7, By: "they", Parent: "a/b", State: store.Waiting, Open: true,
			Term: h.Term, Instance: h.Instance, Schema: store.Schema}
		skipped := ended(processing(h, "report", "skipped"), store.Skipped, instant)
		runs := []store.Run{processing(h, "report", store.SlotID(instant)), waits, skipped}
		there, err := b.Jobs().Claim(t.Context(), h, runs)
		if err != nil || len(there) != 3 || there[0] != nil || there[1] != nil || there[2] != nil {
			t.Fatalf("Claim: %v, %v; want three times nil", there, err)
		}
		for _, r := range runs {
			wantRun(t, other, r)
		}
		if there, err := b.Jobs().Claim(t.Context(), h, nil); err != nil || len(there) != 0 {
			t.Errorf("Claim of none: %v, %v", there, err)
		}
	})

	t.Run("TheHolderIsWrittenWhateverTheRunSays", func(t *testing.T) {
		h := hold(t, b, "holder")
		r := processing(h, "report", "1")
		lie := r
		lie.Term, lie.Instance, lie.Schema = 99, newID(), 99
		lie.Cancel, lie.Progress, lie.Payload = &store.Request{By: "x", At: instant}, store.Progress{Percent: 5, At: instant}, store.Digest{1}
		claimOne(t, b, h, lie)
		wantRun(t, other, r)
	})

	t.Run("WhatIsThereIsReturnedAndStays", func(t *testing.T) {
		h := hold(t, b, "there")
		first := claimOne(t, b, h, processing(h, "report", "1"))
		again, fresh := processing(h, "report", "1"), processing(h, "report", "2")
		there, err := other.Jobs().Claim(t.Context(), h, []store.Run{again, fresh, again, fresh})
		if err != nil || len(there) != 4 || there[0] == nil || there[1] != nil || there[2] == nil || there[3] == nil {
			t.Fatalf("Claim of one that is there and a new one, twice: %v, %v; want nil for the first of the new one alone", there, err)
		}
		for i, want := range map[int]store.Run{0: first, 2: first, 3: fresh} {
			if diff := cmp.Diff(want, *there[i]); diff != "" {
				t.Errorf("run %d that Claim returned (- want, + got):\n%s", i, diff)
			}
		}
		wantRun(t, b, first)
		wantRun(t, b, fresh)
	})

	// After an answer that never came, the holder knows its claim by the nonce.
	t.Run("TheSameClaimAgainReturnsItsNonce", func(t *testing.T) {
		h := hold(t, b, "again")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		there, err := b.Jobs().Claim(t.Context(), h, []store.Run{r})
		if err != nil || len(there) != 1 || there[0] == nil || there[0].Nonce != r.Nonce || there[0].Term != h.Term {
			t.Errorf("Claim again: %v, %v; want the record with the nonce %v", there, err, r.Nonce)
		}
	})

	t.Run("OfRivalsOneClaimsARun", func(t *testing.T) {
		h := hold(t, b, "rivals")
		handles := []Backend{b, other}
		for len(handles) < suite.Rivals {
			handles = append(handles, s.Open(t))
		}
		for round := range 5 {
			runs, there := make([]store.Run, suite.Rivals), make([][]*store.Run, suite.Rivals)
			for i := range runs {
				runs[i] = processing(h, "report", numbered("", round))
			}
			errs := suite.Race(func(i int) (err error) {
				there[i], err = handles[i].Jobs().Claim(t.Context(), h, []store.Run{runs[i]})
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			winner := -1
			for i := range there {
				if there[i][0] != nil {
					continue
				}
				if winner >= 0 {
					t.Fatalf("round %d: rivals %d and %d both inserted the run", round, winner, i)
				}
				winner = i
			}
			if winner < 0 {
				t.Fatalf("round %d: nobody inserted the run", round)
			}
			for i := range there {
				if i != winner && there[i][0].Nonce != runs[winner].Nonce {
					t.Errorf("round %d: rival %d got the nonce %v, want that of the winner %v", round, i, there[i][0].Nonce, runs[winner].Nonce)
				}
			}
			wantRun(t, b, runs[winner])
		}
	})

	t.Run("WhatCannotBeStoredIsRefused", func(t *testing.T) {
		h := hold(t, b, "refused")
		for name, tt := range map[string]struct {
			change func(r *store.Run)
			want   error
		}{
			"a result that is too large":       {func(r *store.Run) { r.Result = make([]byte, store.MaxResult+1) }, store.ErrTooLarge},
			"a head that is too large":         {func(r *store.Run) { r.Output.Head = make([]byte, store.MaxHead+1) }, store.ErrTooLarge},
			"a tail that is too large":         {func(r *store.Run) { r.Output.Tail = make([]byte, store.MaxTail+1) }, store.ErrTooLarge},
			"a parent whose name is too long":  {func(r *store.Run) { r.Parent = strings.Repeat("p", store.MaxParent+1) }, store.ErrTooLarge},
			"a parent that is no name":         {func(r *store.Run) { r.Parent = "a/\xff" }, registry.ErrCorrupt},
			"an ID that is too long":           {func(r *store.Run) { r.Key.Run = strings.Repeat("r", store.MaxRunID+1) }, registry.ErrCorrupt},
			"no ID":                            {func(r *store.Run) { r.Key.Run = "" }, registry.ErrCorrupt},
			"a job's name with a space":        {func(r *store.Run) { r.Job = "a job" }, registry.ErrCorrupt},
			"another group":                    {func(r *store.Run) { r.Group = "another" }, registry.ErrCorrupt},
			"no state":                         {func(r *store.Run) { r.State = "" }, registry.ErrCorrupt},
			"processing, and not open":         {func(r *store.Run) { r.Open = false }, registry.ErrCorrupt},
			"processing, without an attempt":   {func(r *store.Run) { r.Attempt = 0 }, registry.ErrCorrupt},
			"no time":                          {func(r *store.Run) { r.At = time.Time{} }, registry.ErrCorrupt},
			"ended, without an end":            {func(r *store.Run) { r.State = store.Failed }, registry.ErrCorrupt},
			"waiting, and never due":           {func(r *store.Run) { r.State, r.Due = store.Waiting, time.Time{} }, registry.ErrCorrupt},
			"a time that cannot be told again": {func(r *store.Run) { r.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, registry.ErrCorrupt},
		} {
			t.Run(name, func(t *testing.T) {
				r, fine := processing(h, "report", "1"), processing(h, "report", "fine")
				tt.change(&r)
				there, err := b.Jobs().Claim(t.Context(), h, []store.Run{fine, r})
				suite.WantError(t, "Claim", err, tt.want)
				if there != nil {
					t.Errorf("Claim returned %v beside the error", there)
				}
				wantNoRun(t, b, fine.Key)
			})
		}
	})

	t.Run("WhatIsAsLargeAsItMayBeIsStored", func(t *testing.T) {
		h := hold(t, b, "large")
		r := ended(processing(h, strings.Repeat("j", store.MaxJob), strings.Repeat("r", store.MaxRunID)), store.Failed, instant)
		r.Result, r.Parent = make([]byte, store.MaxResult), strings.Repeat("p", store.MaxParent)
		r.Output = store.Output{Head: make([]byte, store.MaxHead), Tail: make([]byte, store.MaxTail), Bytes: math.MaxInt64}
		r.Priority, r.Attempt, r.Failures = math.MinInt32, math.MaxInt32, math.MaxInt32
		r.Remark = strings.Repeat("ö", store.MaxRemark/2)
		r.Attempts = nil
		for i := range store.MaxAttempts {
			r.Attempts = append(r.Attempts, store.Attempt{Number: i + 1, Instance: h.Instance, Term: math.MaxInt64, From: instant, To: instant,
				Host: strings.Repeat("<", store.MaxRemark), End: store.AttemptExited, ExitCode: -1})
		}
		claimOne(t, b, h, r)
		wantRun(t, other, r)
	})

	t.Run("InstantsTextsAndAttemptsAreCut", func(t *testing.T) {
		h := hold(t, b, "cut")
		r := ended(processing(h, "report", "1"), store.Skipped, instant)
		want := r
		const more = 999_999 * time.Nanosecond
		r.Slot, r.At, r.Due, r.EndedAt = r.Slot.Add(more), r.At.Add(more), r.Due.Add(more), r.EndedAt.Add(more)
		berlin := time.FixedZone("", 3600)
		r.Slot, r.Attempts[0].From = r.Slot.In(berlin), r.Attempts[0].From.Add(more)
		long := strings.Repeat("ä", 1000)
		r.By, r.RetriedBy, r.Remark, r.Attempts[0].Host = long, long, long, long
		cut := registry.Clip(long)
		want.Attempts = nil
		for i := range store.MaxAttempts + 3 {
			a := r.Attempts[0]
			a.Number = i + 1
			r.Attempts = append(r.Attempts, a)
		}
		for _, a := range r.Attempts[len(r.Attempts)-store.MaxAttempts:] {
			a.From, a.Host = instant, cut
			want.Attempts = append(want.Attempts, a)
		}
		want.By, want.RetriedBy, want.Remark = cut, cut, cut
		claimOne(t, b, h, r)
		wantRun(t, other, want)
	})

	t.Run("ManyRunsAreClaimedAtOnceUpToALimit", func(t *testing.T) {
		h := hold(t, b, "limit")
		var runs []store.Run
		for i := range store.MaxPage + 1 {
			runs = append(runs, processing(h, "report", numbered("", i)))
		}
		there, err := b.Jobs().Claim(t.Context(), h, runs)
		if suite.WantError(t, "Claim of one more than MaxPage", err, store.ErrTooLarge); there != nil {
			t.Errorf("Claim returned %d beside the error", len(there))
		}
		wantNoRun(t, b, runs[0].Key)
		if there, err = b.Jobs().Claim(t.Context(), h, runs[:store.MaxPage]); err != nil || len(there) != store.MaxPage {
			t.Fatalf("Claim: %d, %v; want %d", len(there), err, store.MaxPage)
		}
		for i := range there {
			if there[i] != nil {
				t.Fatalf("Claim returned %v for run %d, want nil", there[i], i)
			}
		}
		list, err := other.Jobs().Open(t.Context(), AnyHolder("limit"), nil, store.MaxPage+1)
		if err != nil || len(list) != store.MaxPage {
			t.Errorf("Open: %d, %v; want %d", len(list), err, store.MaxPage)
		}
	})

	t.Run("NothingIsWrittenForAHolderWhoseTermIsOver", func(t *testing.T) {
		h := hold(t, b, "over")
		hold(t, b, "over")
		late := processing(h, "report", "1")
		there, err := b.Jobs().Claim(t.Context(), h, []store.Run{late})
		if err == nil { // a backend that does not know it: then the run is found as one of an earlier term
			runs, err := b.Jobs().Open(t.Context(), AnyHolder("over"), nil, 10)
			if err != nil || len(runs) != 1 || runs[0].Term != h.Term {
				t.Errorf("Open after a late claim: %v, %v; want the run under term %d", runs, err, h.Term)
			}
			return
		}
		suite.WantError(t, "Claim", err, store.ErrSuperseded)
		if there != nil {
			t.Errorf("Claim returned %v beside the error", there)
		}
		wantNoRun(t, b, late.Key)
	})
}
