package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
)

// prune: what nobody needs any more is deleted, and nothing else.
func prune(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	hour := func(n int) time.Time { return instant.Add(time.Duration(n) * time.Hour) }
	// slot is a run of a slot, which ended an hour later.
	slot := func(h store.Holder, run string, at int) store.Run {
		r := ended(processing(h, "report", run), store.Completed, hour(at+1))
		r.Slot, r.At = hour(at), hour(at)
		return r
	}
	marked := func(t *testing.T, group string, mark time.Time) store.Holder {
		t.Helper()
		h := hold(t, b, group)
		j := newJob(h, "report")
		j.Mark = mark
		saveJob(t, b, h, j)
		return h
	}
	call := func(t *testing.T, h store.Holder, before time.Time, keep, limit, want int) {
		t.Helper()
		if n, err := b.Jobs().Prune(t.Context(), h, "report", store.Prunable{Before: before, FailedBefore: before, Keep: keep}, limit); err != nil || n != want {
			t.Errorf("Prune: %d, %v; want %d", n, err, want)
		}
	}
	left := func(t *testing.T, group string, want ...string) {
		t.Helper()
		runs, err := other.Jobs().Runs(t.Context(), group, store.Filter{Job: "report", Limit: 100})
		var got []string
		for _, r := range runs {
			got = append(got, r.Key.Run)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("left are %q, %v; want %q", got, err, want)
		}
	}

	t.Run("FailedOnesStayLonger", func(t *testing.T) {
		h := marked(t, "failed", hour(100))
		for i, state := range []store.State{store.Failed, store.TimedOut, store.Exited, store.Completed, store.Cancelled, store.Skipped, store.Failed, store.Completed} {
			r := slot(h, numbered("", i), i)
			r.State = state
			claimOne(t, b, h, r)
		}
		p := store.Prunable{Before: hour(50), FailedBefore: hour(3), Keep: 1} // of those that failed, the first three
		if n, err := b.Jobs().Prune(t.Context(), h, "report", p, 100); err != nil || n != 6 {
			t.Errorf("Prune: %d, %v; want 6", n, err)
		}
		left(t, "failed", "0006", "0007")
		p.FailedBefore = hour(50)
		if n, err := b.Jobs().Prune(t.Context(), h, "report", p, 100); err != nil || n != 1 {
			t.Errorf("Prune: %d, %v; want 1", n, err)
		}
		left(t, "failed", "0007")
	})

	t.Run("TheOldestGoFirstInSteps", func(t *testing.T) {
		h := marked(t, "steps", hour(100))
		for i := range 5 {
			claimOne(t, b, h, slot(h, numbered("", i), i))
		}
		call(t, h, hour(50), 1, 2, 2)
		left(t, "steps", "0002", "0003", "0004")
		call(t, h, hour(50), 1, 0, 0)
		call(t, h, hour(50), 1, 10, 2)
		left(t, "steps", "0004")
		call(t, h, hour(50), 1, 10, 0)
		call(t, h, hour(50), 0, 10, 1)
		left(t, "steps")
	})

	t.Run("ManyGoAtOnce", func(t *testing.T) {
		h := marked(t, "many", hour(1000))
		var runs []store.Run
		for i := range 50 {
			runs = append(runs, slot(h, numbered("", i), i))
		}
		if _, err := b.Jobs().Claim(t.Context(), h, runs); err != nil {
			t.Fatal(err)
		}
		call(t, h, hour(500), 3, 45, 45)
		left(t, "many", "0045", "0046", "0047", "0048", "0049")
		call(t, h, hour(500), 3, 45, 2)
		left(t, "many", "0047", "0048", "0049")
	})

	t.Run("WhatIsSpared", func(t *testing.T) {
		h := marked(t, "spared", hour(10))
		var runs []store.Run
		runs = append(runs, slot(h, "at the mark", 10), slot(h, "goes", 2))
		above := slot(h, "spared: above the mark", 9)
		above.Slot = hour(10).Add(time.Millisecond)
		triggered := slot(h, "goes: not of a slot", 3)
		triggered.Slot, triggered.Trigger = time.Time{}, store.ByPerson
		open := slot(h, "spared: open", 1)
		open.Open = true
		running := processing(h, "report", "spared: processing")
		running.Slot, running.At = hour(1), hour(1)
		waits := running
		waits.State, waits.Key.Run = store.Waiting, "spared: waiting"
		young := slot(h, "spared: young", 4)
		young.At = hour(20).Add(time.Millisecond)
		late := slot(h, "spared: ended lately", 5)
		late.EndedAt = hour(20).Add(time.Millisecond)
		neighbour := slot(h, "neighbour", 1)
		neighbour.Job = "report2"
		runs = append(runs, above, triggered, open, running, waits, young, late, neighbour)
		for _, r := range runs {
			claimOne(t, b, h, r)
		}
		elsewhere := hold(t, b, "spared2")
		same := claimOne(t, b, elsewhere, slot(elsewhere, "goes", 2))
		call(t, h, hour(20), 0, 100, 3)
		left(t, "spared", "spared: above the mark", "spared: ended lately", "spared: open", "spared: processing", "spared: waiting", "spared: young")
		wantRun(t, b, neighbour)
		wantRun(t, b, same)
	})

	t.Run("TheNewestOfThoseThatAreLeftAreKept", func(t *testing.T) {
		h := marked(t, "newest", hour(10))
		for i := range 4 {
			claimOne(t, b, h, slot(h, numbered("", i), i))
		}
		for i := range 3 { // they do not count among those that are kept
			claimOne(t, b, h, slot(h, numbered("above", i), 11+i))
		}
		call(t, h, hour(50), 2, 100, 2)
		left(t, "newest", "0002", "0003", "above0000", "above0001", "above0002")
	})

	t.Run("WithoutAMarkNoSlotIsPruned", func(t *testing.T) {
		for name, save := range map[string]bool{"no-record": false, "no-mark": true} {
			h := hold(t, b, name)
			if save {
				h = marked(t, name, time.Time{})
			}
			claimOne(t, b, h, slot(h, "slot", 1))
			triggered := slot(h, "triggered", 1)
			triggered.Slot = time.Time{}
			claimOne(t, b, h, triggered)
			call(t, h, hour(50), 0, 100, 1)
			left(t, name, "slot")
		}
	})

	t.Run("WhatBelongsToARunGoesWithIt", func(t *testing.T) {
		const group = "belongs"
		h := marked(t, group, hour(10))
		processed := func(run string, state store.State, open bool) store.Run {
			r := submit(t, b, waiting(group, "report", run), []byte("payload"))
			start := r
			start.State, start.Attempt = store.Processing, 1
			start = updateRun(t, b, h, r.Version(), start)
			if err := errors.Join(b.Jobs().SaveCheckpoint(t.Context(), h, r.Key, 1, []byte("checkpoint")),
				b.Jobs().AppendChunk(t.Context(), h, r.Key, 1, 0, 0, []byte("chunk"))); err != nil {
				t.Fatal(err)
			}
			done := ended(start, state, instant)
			done.Open = open
			return updateRun(t, b, h, start.Version(), done)
		}
		gone, stays := processed("1", store.Completed, false), processed("11", store.Completed, true)
		call(t, h, time.Now().Add(time.Hour), 0, 100, 1)
		wantNoRun(t, b, gone.Key)
		wantRun(t, b, stays)
		for _, r := range []store.Run{gone, stays} {
			want := 0
			if r.Key == stays.Key {
				want = 1
			}
			if list, err := other.Jobs().Chunks(t.Context(), r.Key, 1, 0); err != nil || len(list) != want {
				t.Errorf("Chunks of %s: %+v, %v; want %d", r.Key, list, err, want)
			}
		}
		if p, err := other.Jobs().Payload(t.Context(), stays.Key); err != nil || string(p) != "payload" {
			t.Errorf("Payload of the one that stays: %q, %v", p, err)
		}
		// A run of the same key finds nothing of the one before.
		again := submit(t, b, waiting(group, "report", "1"), []byte("another"))
		if p, err := other.Jobs().Payload(t.Context(), again.Key); err != nil || string(p) != "another" {
			t.Errorf("Payload of a new run of the same key: %q, %v", p, err)
		}
		if c, err := b.Jobs().TakeCheckpoint(t.Context(), h, again.Key, 1); err != nil || c != nil {
			t.Errorf("TakeCheckpoint of a new run of the same key: %q, %v; want nil", c, err)
		}
		if c, err := b.Jobs().TakeCheckpoint(t.Context(), h, stays.Key, 2); err != nil || string(c) != "checkpoint" {
			t.Errorf("TakeCheckpoint of the one that stays: %q, %v", c, err)
		}
	})

	// A holder that was frozen for long writes them after the run was pruned.
	t.Run("WhatArrivesForARunThatIsGoneIsNotStored", func(t *testing.T) {
		h := marked(t, "late", hour(10))
		r := slot(h, "late", 1)
		claimOne(t, b, h, r)
		call(t, h, time.Now().Add(time.Hour), 0, 100, 1)
		_, err := other.Jobs().TakeCheckpoint(t.Context(), h, r.Key, 2)
		for what, err := range map[string]error{
			"SaveCheckpoint": other.Jobs().SaveCheckpoint(t.Context(), h, r.Key, 1, []byte("late")),
			"TakeCheckpoint": err,
			"AppendChunk":    other.Jobs().AppendChunk(t.Context(), h, r.Key, 1, 0, 0, []byte("late")),
		} {
			suite.WantError(t, what, err, store.ErrNoRun)
		}
		// Nobody can see what is left behind but a run of the same key.
		claimOne(t, b, h, r)
		if c, err := b.Jobs().TakeCheckpoint(t.Context(), h, r.Key, 1); err != nil || c != nil {
			t.Errorf("TakeCheckpoint: %q, %v; want nil", c, err)
		}
		if list, err := b.Jobs().Chunks(t.Context(), r.Key, 1, 0); err != nil || len(list) != 0 {
			t.Errorf("Chunks: %+v, %v; want none", list, err)
		}
	})

	// Either it was retried and stays, or it was pruned and cannot be retried.
	t.Run("PruneRacesWithRetry", func(t *testing.T) {
		const group = "race"
		h := marked(t, group, hour(10))
		for round := range 10 {
			r := slot(h, numbered("", round), 1)
			r.State = store.Failed
			claimOne(t, b, h, r)
			var pruned int
			var retried error
			errs := suite.Race(func(i int) (err error) {
				switch i {
				case 0:
					pruned, err = b.Jobs().Prune(t.Context(), h, "report", store.Prunable{Before: hour(20), FailedBefore: hour(20), Keep: 0}, 10)
				case 1:
					_, retried = other.Jobs().Retry(t.Context(), r.Key, "me")
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			got, err := b.Jobs().Run(t.Context(), r.Key)
			switch {
			case pruned == 1 && errors.Is(retried, store.ErrNoRun) && errors.Is(err, store.ErrNoRun):
			case pruned == 0 && retried == nil && err == nil && got.State == store.Waiting:
			default:
				t.Errorf("round %d: %d pruned, Retry %v, Run %+v, %v", round, pruned, retried, got, err)
			}
		}
	})
}
