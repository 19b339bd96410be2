package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
)

// update: each write of a holder rests on the version that it read.
func update(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)

	t.Run("AllThatAHolderDecidesIsWritten", func(t *testing.T) {
		h := hold(t, b, "all")
		first := claimOne(t, b, h, processing(h, "report", "1"))
		again := first
		again.State, again.Due = store.Waiting, instant.Add(time.Minute)
		again.Nonce = first.Nonce
		again = updateRun(t, b, h, first.Version(), again)
		wantRun(t, other, again)
		second := again
		second.State, second.Attempt, second.Nonce = store.Processing, 2, newID()
		second.Attempts = append(second.Attempts, store.Attempt{Number: 2, Instance: h.Instance, Host: "host", Term: h.Term, From: instant})
		second = updateRun(t, b, h, again.Version(), second)
		wantRun(t, other, second)
		done := ended(second, store.Failed, instant.Add(time.Hour))
		done.Open = true
		done = updateRun(t, b, h, second.Version(), done)
		wantRun(t, other, done)
		closed := done
		closed.Open, closed.Result, closed.Output, closed.Remark, closed.Attempts = false, nil, store.Output{}, "", nil
		wantRun(t, other, updateRun(t, b, h, done.Version(), closed))
	})

	t.Run("WhatNeverChangesStays", func(t *testing.T) {
		h := hold(t, b, "stays")
		r := submit(t, b, store.Run{Key: store.Key{Group: "stays", Job: "report", Run: "1"}, Trigger: store.ByPerson, Slot: instant, Priority: 3, By: "me", Parent: "a/b"}, []byte("p"))
		lie := r
		lie.State, lie.Attempt, lie.Nonce, lie.Due = store.Processing, 1, newID(), instant
		want := lie
		want.Term, want.Instance = h.Term, h.Instance
		lie.Trigger, lie.Slot, lie.At, lie.Priority, lie.By, lie.Parent, lie.Payload = store.BySchedule, instant.Add(1e9), instant, 4, "you", "c/d", store.Digest{}
		lie.Progress, lie.Cancel, lie.Term, lie.Instance = store.Progress{Percent: 7, At: instant}, &store.Request{By: "x", At: instant}, 77, newID()
		if there, err := b.Jobs().Update(t.Context(), h, r.Version(), lie); err != nil || there != nil {
			t.Fatalf("Update: %v, %v", there, err)
		}
		wantRun(t, other, want)
	})

	// Whatever differs, the write misses, and its caller learns what is there.
	t.Run("AnotherVersionIsNotWrittenOver", func(t *testing.T) {
		h := hold(t, b, "fence")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		for name, was := range map[string]store.Version{
			"the state":           {State: store.Waiting, Term: r.Term, Attempt: r.Attempt},
			"the state, ended":    {State: store.Completed, Term: r.Term, Attempt: r.Attempt},
			"the term, earlier":   {State: r.State, Term: r.Term - 1, Attempt: r.Attempt},
			"the term, later":     {State: r.State, Term: r.Term + 1, Attempt: r.Attempt},
			"the attempt":         {State: r.State, Term: r.Term, Attempt: r.Attempt - 1},
			"the attempt, later":  {State: r.State, Term: r.Term, Attempt: r.Attempt + 1},
			"nothing is the same": {},
		} {
			t.Run(name, func(t *testing.T) {
				there, err := b.Jobs().Update(t.Context(), h, was, ended(r, store.Completed, instant))
				suite.WantError(t, "Update", err, store.ErrChanged)
				if there == nil {
					t.Fatal("Update returned no record beside ErrChanged")
				}
				if diff := cmp.Diff(r, *there); diff != "" {
					t.Errorf("the record that Update returned (- want, + got):\n%s", diff)
				}
				wantRun(t, other, r)
			})
		}
		there, err := b.Jobs().Update(t.Context(), h, r.Version(), processing(h, "report", "none"))
		if suite.WantError(t, "Update of a run that is not there", err, store.ErrNoRun); there != nil {
			t.Errorf("Update returned %v beside ErrNoRun", there)
		}
		wantNoRun(t, b, store.Key{Group: "fence", Job: "report", Run: "none"})
	})

	t.Run("ARecordOfALaterTermIsNotWrittenOver", func(t *testing.T) {
		h := hold(t, b, "later")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		s.Spoil(t, Record{Key: r.Key}, "term", h.Term+5)
		r.Term = h.Term + 5
		there, err := b.Jobs().Update(t.Context(), h, r.Version(), ended(r, store.Completed, instant))
		suite.WantError(t, "Update", err, store.ErrChanged)
		if diff := cmp.Diff(&r, there); diff != "" {
			t.Errorf("the record that Update returned (- want, + got):\n%s", diff)
		}
		wantRun(t, other, r)
	})

	// The frozen holder thaws when its successor has the run.
	t.Run("NoWriteOfAnEarlierTermArrivesLate", func(t *testing.T) {
		early := hold(t, b, "late")
		r := claimOne(t, b, early, processing(early, "report", "1"))
		h := hold(t, b, "late")
		next := r
		next.State, next.Attempt, next.Nonce = store.Processing, 2, newID()
		next = updateRun(t, b, h, r.Version(), next)
		for name, was := range map[string]store.Version{"its own": r.Version(), "that of its successor": next.Version()} {
			there, err := other.Jobs().Update(t.Context(), early, was, ended(r, store.Completed, instant))
			suite.WantError(t, "a late Update of the version "+name, err, store.ErrSuperseded, store.ErrChanged)
			if errors.Is(err, store.ErrChanged) && there == nil {
				t.Error("Update returned no record beside ErrChanged")
			}
		}
		_, err := other.Jobs().SetProgress(t.Context(), early, r.Key, 1, store.Progress{Percent: 50, At: instant})
		suite.WantError(t, "a late SetProgress", err, store.ErrSuperseded, store.ErrChanged)
		wantRun(t, b, next)
	})

	t.Run("NoWriteOfAnEarlierAttemptArrivesLate", func(t *testing.T) {
		h := hold(t, b, "attempts")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		next := r
		next.Attempt, next.Nonce = 2, newID()
		next = updateRun(t, b, h, r.Version(), next)
		_, err := b.Jobs().Update(t.Context(), h, r.Version(), ended(r, store.Completed, instant))
		suite.WantError(t, "a late Update", err, store.ErrChanged)
		_, err = b.Jobs().SetProgress(t.Context(), h, r.Key, 1, store.Progress{Percent: 50, At: instant})
		suite.WantError(t, "a late SetProgress", err, store.ErrChanged)
		wantRun(t, other, next)
	})

	t.Run("ARunHasOneOutcome", func(t *testing.T) {
		h := hold(t, b, "outcome")
		for round := range 5 {
			r := claimOne(t, b, h, processing(h, "report", numbered("", round)))
			errs := suite.Race(func(i int) error {
				done := ended(r, store.Completed, instant)
				done.Remark = fmt.Sprint(i)
				_, err := []Backend{b, other}[i%2].Jobs().Update(t.Context(), h, r.Version(), done)
				return err
			})
			winner := -1
			for i, err := range errs {
				switch {
				case err == nil && winner >= 0:
					t.Fatalf("rivals %d and %d both wrote the outcome", winner, i)
				case err == nil:
					winner = i
				default:
					suite.WantError(t, "Update", err, store.ErrChanged)
				}
			}
			if got := read(t, b, r.Key); winner < 0 || got.Remark != fmt.Sprint(winner) {
				t.Errorf("the outcome is %q, want that of rival %d", got.Remark, winner)
			}
		}
	})

	t.Run("Progress", func(t *testing.T) {
		h := hold(t, b, "progress")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		set := func(p store.Progress) {
			t.Helper()
			if cancel, err := b.Jobs().SetProgress(t.Context(), h, r.Key, r.Attempt, p); err != nil || cancel != nil {
				t.Fatalf("SetProgress: %v, %v; want no request to cancel", cancel, err)
			}
		}
		set(store.Progress{Percent: 42, Text: "half\x00way", At: instant.Add(999)})
		r.Progress = store.Progress{Percent: 42, Text: "half\x00way", At: instant}
		wantRun(t, other, r)
		set(store.Progress{Percent: 1000, At: instant})
		r.Progress = store.Progress{Percent: 100, At: instant}
		wantRun(t, other, r)

		_, err := b.Jobs().SetProgress(t.Context(), h, store.Key{Group: "progress", Job: "report", Run: "2"}, 1, r.Progress)
		suite.WantError(t, "SetProgress of a run that is not there", err, store.ErrNoRun)
		_, err = b.Jobs().SetProgress(t.Context(), h, r.Key, 2, r.Progress)
		suite.WantError(t, "SetProgress of another attempt", err, store.ErrChanged)

		asked, err := other.Jobs().Cancel(t.Context(), r.Key, "me", "because")
		if err != nil {
			t.Fatal(err)
		}
		if cancel, err := b.Jobs().SetProgress(t.Context(), h, r.Key, 1, r.Progress); err != nil || !cmp.Equal(cancel, asked.Cancel) {
			t.Errorf("SetProgress after a request to cancel: %v, %v; want %v", cancel, err, asked.Cancel)
		}

		// An outcome keeps it, the next attempt begins without.
		same := asked
		same.Remark = "the same attempt"
		wantRun(t, other, updateRun(t, b, h, r.Version(), same))
		next := same
		next.Attempt, next.Nonce, next.Progress = 2, newID(), store.Progress{}
		next = updateRun(t, b, h, same.Version(), next)
		wantRun(t, other, next)
		done := updateRun(t, b, h, next.Version(), ended(next, store.Cancelled, instant))
		_, err = b.Jobs().SetProgress(t.Context(), h, r.Key, 2, r.Progress)
		suite.WantError(t, "SetProgress of a run that has ended", err, store.ErrChanged)
		wantRun(t, other, done)
	})

	t.Run("WhatCannotBeStoredIsRefused", func(t *testing.T) {
		h := hold(t, b, "refused")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		large := ended(r, store.Completed, instant)
		large.Output.Tail = make([]byte, store.MaxTail+1)
		_, err := b.Jobs().Update(t.Context(), h, r.Version(), large)
		suite.WantError(t, "Update with a tail that is too large", err, store.ErrTooLarge)
		wantRun(t, other, r)
	})
}
