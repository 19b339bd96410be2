package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// blobs: checkpoints and payloads.
func blobs(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	take := func(t *testing.T, h store.Holder, k store.Key, attempt int, want string) {
		t.Helper()
		got, err := b.Jobs().TakeCheckpoint(t.Context(), h, k, attempt)
		if err != nil || string(got) != want || want == "" && got != nil {
			t.Errorf("TakeCheckpoint for term %d, attempt %d: %q, %v; want %q", h.Term, attempt, got, err, want)
		}
	}
	save := func(t *testing.T, h store.Holder, k store.Key, attempt int, data string) {
		t.Helper()
		if err := other.Jobs().SaveCheckpoint(t.Context(), h, k, attempt, []byte(data)); err != nil {
			t.Errorf("SaveCheckpoint for term %d, attempt %d: %v", h.Term, attempt, err)
		}
	}

	t.Run("TheNextAttemptFindsTheLastCheckpoint", func(t *testing.T) {
		h := hold(t, b, "checkpoint")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		take(t, h, r.Key, 1, "")
		save(t, h, r.Key, 1, "one")
		save(t, h, r.Key, 1, "two")
		take(t, h, r.Key, 1, "two") // the answer was lost
		take(t, h, r.Key, 2, "two")
		save(t, h, r.Key, 2, "three\x00\xff")
		take(t, h, r.Key, 3, "three\x00\xff")
		save(t, h, r.Key, 3, "")
		take(t, h, r.Key, 4, "")
		wantRun(t, b, r)
	})

	t.Run("ACheckpointNeedsNotBeTakenFirst", func(t *testing.T) {
		h := hold(t, b, "first")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		save(t, h, r.Key, 1, "one")
		take(t, h, r.Key, 2, "one")
	})

	t.Run("NoCheckpointOfAnEarlierAttemptArrivesLate", func(t *testing.T) {
		h := hold(t, b, "attempts")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		save(t, h, r.Key, 1, "one")
		take(t, h, r.Key, 2, "one")
		suite.WantError(t, "SaveCheckpoint of attempt 1", b.Jobs().SaveCheckpoint(t.Context(), h, r.Key, 1, []byte("late")), store.ErrChanged)
		_, err := b.Jobs().TakeCheckpoint(t.Context(), h, r.Key, 1)
		suite.WantError(t, "TakeCheckpoint for attempt 1", err, store.ErrChanged)
		take(t, h, r.Key, 2, "one")
		save(t, h, r.Key, 2, "two")
		take(t, h, r.Key, 2, "two")
	})

	t.Run("NoCheckpointOfAnEarlierTermArrivesLate", func(t *testing.T) {
		early := hold(t, b, "terms")
		r := claimOne(t, b, early, processing(early, "report", "1"))
		save(t, early, r.Key, 1, "one")
		h := hold(t, b, "terms")
		take(t, h, r.Key, 2, "one")
		for _, attempt := range []int{1, 2, 3} {
			err := b.Jobs().SaveCheckpoint(t.Context(), early, r.Key, attempt, []byte("late"))
			suite.WantError(t, fmt.Sprint("SaveCheckpoint of the earlier term, attempt ", attempt), err, store.ErrChanged, store.ErrSuperseded)
		}
		take(t, h, r.Key, 3, "one")
	})

	t.Run("RunsHaveCheckpointsOfTheirOwn", func(t *testing.T) {
		h := hold(t, b, "own")
		keys := []store.Key{{Group: "own", Job: "a", Run: "b/c"}, {Group: "own", Job: "a", Run: "b"}, {Group: "own", Job: "aa", Run: "b"}}
		for _, k := range keys {
			claimOne(t, b, h, processing(h, k.Job, k.Run))
			save(t, h, k, 1, k.String())
		}
		for _, k := range keys {
			take(t, h, k, 1, k.String())
		}
	})

	t.Run("ACheckpointHasALimit", func(t *testing.T) {
		h := hold(t, b, "limit")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		save(t, h, r.Key, 1, "small")
		suite.WantError(t, "SaveCheckpoint", b.Jobs().SaveCheckpoint(t.Context(), h, r.Key, 1, make([]byte, store.MaxBlob+1)), store.ErrTooLarge)
		take(t, h, r.Key, 1, "small")
		largest := bytes.Repeat([]byte("x"), store.MaxBlob)
		save(t, h, r.Key, 1, string(largest))
		if got, err := b.Jobs().TakeCheckpoint(t.Context(), h, r.Key, 2); err != nil || !bytes.Equal(got, largest) {
			t.Errorf("TakeCheckpoint: %d bytes, %v; want %d", len(got), err, len(largest))
		}
	})

	t.Run("PayloadOfARunThatIsNotThere", func(t *testing.T) {
		_, err := b.Jobs().Payload(t.Context(), store.Key{Group: "none", Job: "report", Run: "1"})
		suite.WantError(t, "Payload", err, store.ErrNoRun)
	})

	t.Run("APayloadThatIsNotTheOneThatWasSubmittedIsAnError", func(t *testing.T) {
		for i, value := range []any{nil, []byte{}, []byte("payloaX"), "payload", int64(7), bytes.Repeat([]byte("x"), store.MaxPayload+1)} {
			r := submit(t, b, waiting("spoilt", "report", numbered("", i)), []byte("payload"))
			s.Spoil(t, Record{Key: r.Key, Blob: "payload"}, "data", value)
			p, err := other.Jobs().Payload(t.Context(), r.Key)
			if suite.WantError(t, fmt.Sprintf("Payload of %.40v", value), err, registry.ErrCorrupt); p != nil {
				t.Errorf("Payload returned %d bytes beside the error", len(p))
			}
		}
	})

	t.Run("ACheckpointThatMakesNoSenseIsAnError", func(t *testing.T) {
		h := hold(t, b, "garbage")
		for i, value := range []any{"text", int64(7), 2.5, make([]byte, store.MaxBlob+1)} {
			r := claimOne(t, b, h, processing(h, "report", numbered("", i)))
			save(t, h, r.Key, 1, "one")
			s.Spoil(t, Record{Key: r.Key, Blob: "checkpoint"}, "data", value)
			_, err := other.Jobs().TakeCheckpoint(t.Context(), h, r.Key, 2)
			suite.WantError(t, fmt.Sprintf("TakeCheckpoint of %.40v", value), err, registry.ErrCorrupt)
		}
	})
}
