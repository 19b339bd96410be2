package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// submission: anybody may ask for a run, and a key makes one run.
func submission(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)

	t.Run("ARunWaitsAsItWasAskedFor", func(t *testing.T) {
		later := time.Now().Add(time.Hour).Truncate(time.Millisecond).UTC()
		asked := store.Run{Key: store.Key{Group: "asked", Job: "report", Run: store.KeyID("a key/1")}, Trigger: store.ByRun, Slot: instant,
			Due: later.Add(999), Priority: -3, By: strings.Repeat("x", 300), Parent: "publish/1"}
		want := asked
		want.Due, want.By = later, registry.Clip(asked.By)
		want.State, want.Open, want.Schema, want.Payload = store.Waiting, true, store.Schema, sha256.Sum256([]byte("payload"))
		// What only a holder writes does not count.
		asked.State, asked.Term, asked.Attempt, asked.Nonce, asked.Instance, asked.Remark = store.Completed, 7, 3, newID(), newID(), "no"
		asked.At, asked.EndedAt, asked.Result, asked.Failures, asked.Payload = instant, instant, []byte("no"), 7, store.Digest{7}
		asked.Cancel, asked.Progress = &store.Request{By: "no", At: instant}, store.Progress{Percent: 9, At: instant}

		begun := time.Now().Add(-time.Minute)
		got := submit(t, b, asked, []byte("payload"))
		if got.At.Before(begun) || got.At.After(time.Now().Add(time.Minute)) {
			t.Errorf("it was made at %v, want now", got.At)
		}
		want.At = got.At
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the run that Submit returned (- want, + got):\n%s", diff)
		}
		wantRun(t, other, want)
		if p, err := other.Jobs().Payload(t.Context(), want.Key); err != nil || string(p) != "payload" {
			t.Errorf("Payload: %q, %v", p, err)
		}
	})

	t.Run("ItIsDueNowAtTheEarliest", func(t *testing.T) {
		for i, due := range []time.Time{{}, instant.AddDate(-20, 0, 0)} {
			r := waiting("now", "report", numbered("", i))
			r.Due = due
			if r = submit(t, b, r, nil); !r.Due.Equal(r.At) || r.Payload != (store.Digest{}) {
				t.Errorf("the run %+v is not due when it was made, or has a payload", r)
			}
			if p, err := b.Jobs().Payload(t.Context(), r.Key); err != nil || p != nil {
				t.Errorf("Payload of a run without one: %v, %v; want nil", p, err)
			}
		}
	})

	t.Run("AKeyMakesOneRun", func(t *testing.T) {
		r := waiting("key", "report", store.KeyID("once"))
		first := submit(t, b, r, []byte("same"))
		r.By, r.Priority = "another", 9
		got, created, err := other.Jobs().Submit(t.Context(), r, []byte("same"), 1)
		if diff := cmp.Diff(first, got); err != nil || created || diff != "" {
			t.Errorf("Submit again, at the limit of the queue: created %v, %v (- want, + got):\n%s", created, err, diff)
		}
		for _, payload := range [][]byte{nil, {}, []byte("sam"), []byte("same ")} {
			_, created, err := other.Jobs().Submit(t.Context(), r, payload, 1000)
			if suite.WantError(t, "Submit with another payload", err, store.ErrConflict); created {
				t.Error("it was created beside ErrConflict")
			}
		}
		wantRun(t, b, first)
		if p, err := b.Jobs().Payload(t.Context(), r.Key); err != nil || string(p) != "same" {
			t.Errorf("Payload after conflicts: %q, %v; want that of the first", p, err)
		}

		without := submit(t, b, waiting("key", "report", store.KeyID("without")), []byte{})
		got, created, err = other.Jobs().Submit(t.Context(), without, nil, 1000)
		if diff := cmp.Diff(without, got); err != nil || created || diff != "" {
			t.Errorf("Submit again without a payload: created %v, %v (- want, + got):\n%s", created, err, diff)
		}

		// Also when it was started long ago.
		h := hold(t, b, "key")
		started := first
		started.State, started.Attempt = store.Processing, 1
		started = updateRun(t, b, h, first.Version(), started)
		done := updateRun(t, b, h, started.Version(), ended(started, store.Completed, instant))
		got, created, err = other.Jobs().Submit(t.Context(), r, []byte("same"), 1000)
		if diff := cmp.Diff(done, got); err != nil || created || diff != "" {
			t.Errorf("Submit of one that has ended: created %v, %v (- want, + got):\n%s", created, err, diff)
		}
	})

	t.Run("ManyAtTheSameTimeMakeOneRun", func(t *testing.T) {
		handles := []Backend{b, other, s.Open(t), s.Open(t)}
		for round := range 5 {
			made, runs := make([]bool, suite.Rivals), make([]store.Run, suite.Rivals)
			errs := suite.Race(func(i int) (err error) {
				runs[i], made[i], err = handles[i%4].Jobs().Submit(t.Context(), waiting("many", "report", numbered("", round)), []byte("same"), 1000)
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			n := 0
			for i := range runs {
				if made[i] {
					n++
				}
				if diff := cmp.Diff(runs[0], runs[i]); diff != "" {
					t.Errorf("rivals 0 and %d got different runs (- 0, + %d):\n%s", i, i, diff)
				}
			}
			if n != 1 {
				t.Errorf("%d rivals made the run, want one", n)
			}
			wantRun(t, b, runs[0])
			if p, err := b.Jobs().Payload(t.Context(), runs[0].Key); err != nil || string(p) != "same" {
				t.Errorf("Payload: %q, %v", p, err)
			}
		}
	})

	t.Run("OfDifferentPayloadsAtTheSameTimeOneWins", func(t *testing.T) {
		for round := range 5 {
			k := store.Key{Group: "payloads", Job: "report", Run: numbered("", round)}
			errs := suite.Race(func(i int) error {
				_, _, err := []Backend{b, other}[i%2].Jobs().Submit(t.Context(), waiting(k.Group, k.Job, k.Run), []byte{byte('a' + i)}, 1000)
				return err
			})
			winner := -1
			for i, err := range errs {
				switch {
				case err == nil && winner >= 0:
					t.Fatalf("rivals %d and %d both submitted their payload", winner, i)
				case err == nil:
					winner = i
				default:
					suite.WantError(t, "Submit", err, store.ErrConflict)
				}
			}
			if p, err := b.Jobs().Payload(t.Context(), k); winner < 0 || err != nil || string(p) != string(rune('a'+winner)) {
				t.Errorf("Payload: %q, %v; want that of rival %d", p, err, winner)
			}
		}
	})

	t.Run("TheQueueHasALimit", func(t *testing.T) {
		const group = "full"
		for i := range 3 {
			r := waiting(group, numbered("job", i), "1")
			r.Due = time.Now().Add(time.Hour) // waits, too
			if _, created, err := b.Jobs().Submit(t.Context(), r, nil, 3); err != nil || !created {
				t.Fatalf("Submit of run %d: created %v, %v", i, created, err)
			}
		}
		for _, depth := range []int{3, 2, 1, 0} {
			_, created, err := b.Jobs().Submit(t.Context(), waiting(group, "report", "more"), []byte("p"), depth)
			if suite.WantError(t, "Submit", err, store.ErrFull); created {
				t.Error("it was created beside ErrFull")
			}
		}
		wantNoRun(t, b, store.Key{Group: group, Job: "report", Run: "more"})
		if _, _, err := b.Jobs().Submit(t.Context(), waiting("full2", "report", "more"), nil, 1); err != nil {
			t.Errorf("Submit to another group: %v", err)
		}
		h := hold(t, b, group)
		started := read(t, b, store.Key{Group: group, Job: "job0000", Run: "1"})
		was := started.Version()
		started.State, started.Attempt = store.Processing, 1
		updateRun(t, b, h, was, started)
		if _, created, err := b.Jobs().Submit(t.Context(), waiting(group, "report", "more"), nil, 3); err != nil || !created {
			t.Errorf("Submit after one was started: created %v, %v", created, err)
		}
	})

	t.Run("APayloadHasALimit", func(t *testing.T) {
		_, created, err := b.Jobs().Submit(t.Context(), waiting("size", "report", "1"), make([]byte, store.MaxPayload+1), 10)
		if suite.WantError(t, "Submit", err, store.ErrTooLarge); created {
			t.Error("it was created beside ErrTooLarge")
		}
		wantNoRun(t, b, store.Key{Group: "size", Job: "report", Run: "1"})
		largest := bytes.Repeat([]byte{0xfe}, store.MaxPayload)
		r := submit(t, b, waiting("size", "report", "1"), largest)
		if p, err := other.Jobs().Payload(t.Context(), r.Key); err != nil || !bytes.Equal(p, largest) {
			t.Errorf("Payload: %d bytes, %v; want the %d that were submitted", len(p), err, len(largest))
		}
	})

	t.Run("WhatCannotBeStoredIsRefused", func(t *testing.T) {
		for _, k := range []store.Key{
			{Group: "a group", Job: "report", Run: "1"}, {Group: "g", Job: "a job", Run: "1"}, {Group: "g", Job: "report", Run: "ö"}, {Group: "g", Job: "report"},
		} {
			_, _, err := b.Jobs().Submit(t.Context(), store.Run{Key: k}, nil, 10)
			suite.WantError(t, "Submit", err, registry.ErrCorrupt)
		}
	})
}
