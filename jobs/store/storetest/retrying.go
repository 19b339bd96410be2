package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// retrying: which jobs have runs that wait for another attempt.
func retrying(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	want := func(t *testing.T, group string, want map[string]string) {
		t.Helper()
		got, err := other.Jobs().Retrying(t.Context(), group)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Retrying: %v (- want, + got):\n%s", err, diff)
		}
	}
	// again returns a run that waits for another attempt.
	again := func(t *testing.T, h store.Holder, job, run string, attempt int) store.Run {
		t.Helper()
		r := processing(h, job, run)
		r.State, r.Attempt, r.Due = store.Waiting, attempt, instant.Add(time.Hour)
		return claimOne(t, b, h, r)
	}

	t.Run("TheGreatestOfEachJob", func(t *testing.T) {
		const group = "greatest"
		want(t, group, map[string]string{})
		h := hold(t, b, group)
		for _, run := range []string{"2", "10", "3"} { // not in their order
			again(t, h, "a", run, 1)
		}
		again(t, h, "b", "then:"+"x/y", 20)
		again(t, h, "waits", "1", 0)
		claimOne(t, b, h, processing(h, "processing", "1"))
		for _, state := range store.States {
			if state.Ended() {
				claimOne(t, b, h, ended(processing(h, "ended", string(state)), state, instant))
			}
		}
		neighbour := hold(t, b, group+"2")
		again(t, neighbour, "a", "9", 1)
		again(t, neighbour, "c", "9", 1)
		want(t, group, map[string]string{"a": "3", "b": "then:x/y"})
		want(t, "great", map[string]string{})
	})

	t.Run("ARunOfWhichAnAttemptFailedUntilItsNextOneBegins", func(t *testing.T) {
		const group = "failed"
		h := hold(t, b, group)
		first := claimOne(t, b, h, processing(h, "report", "1"))
		want(t, group, map[string]string{})
		waits := first
		waits.State, waits.Due = store.Waiting, instant.Add(time.Minute)
		waits = updateRun(t, b, h, first.Version(), waits)
		want(t, group, map[string]string{"report": "1"})
		second := waits
		second.State, second.Attempt, second.Nonce = store.Processing, 2, newID()
		second = updateRun(t, b, h, waits.Version(), second)
		want(t, group, map[string]string{})
		updateRun(t, b, h, second.Version(), ended(second, store.Failed, instant))
		want(t, group, map[string]string{})
	})

	// The next holder learns of it before it does anything else.
	t.Run("ItIsKnownAfterATakeover", func(t *testing.T) {
		const group = "takeover"
		early := hold(t, b, group)
		again(t, early, "report", "1", 1)
		h := hold(t, b, group)
		want(t, group, map[string]string{"report": "1"})
		if _, err := b.Jobs().Seal(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		want(t, group, map[string]string{"report": "1"})
	})

	t.Run("ARunThatAPersonRetried", func(t *testing.T) {
		const group = "person"
		h := hold(t, b, group)
		r := claimOne(t, b, h, ended(processing(h, "report", "1"), store.Failed, instant))
		never := ended(processing(h, "never", "1"), store.Cancelled, instant)
		never.Attempt, never.Attempts = 0, nil
		claimOne(t, b, h, never) // cancelled before its first attempt
		for _, k := range []store.Key{r.Key, never.Key} {
			if _, err := other.Jobs().Retry(t.Context(), k, "me"); err != nil {
				t.Fatal(err)
			}
		}
		want(t, group, map[string]string{"report": "1"})
		if _, err := other.Jobs().Cancel(t.Context(), r.Key, "me", ""); err != nil {
			t.Fatal(err)
		}
		want(t, group, map[string]string{})
	})

	t.Run("WhoseAttemptMakesNoSenseIsLeftOut", func(t *testing.T) {
		for i, value := range []any{nil, "first", int64(-1), []byte{1}} {
			h := hold(t, b, numbered("attempt", i))
			r := again(t, h, "bad", "1", 1)
			again(t, h, "fine", "1", 1)
			s.Spoil(t, Record{Key: r.Key}, "attempt", value)
			want(t, h.Group, map[string]string{"fine": "1"})
		}
	})

	// Nobody knows what becomes of it, so nothing else may take its place.
	t.Run("OfWhichSomethingElseMakesNoSenseCounts", func(t *testing.T) {
		for i, bad := range []spoilt{{"failures", "many", registry.ErrCorrupt}, {"schema", int64(store.Schema + 1), registry.ErrSchema}} {
			h := hold(t, b, numbered("else", i))
			r := again(t, h, "bad", "1", 1)
			s.Spoil(t, Record{Key: r.Key}, bad.field, bad.value)
			want(t, h.Group, map[string]string{"bad": "1"})
			_, err := other.Jobs().Run(t.Context(), r.Key)
			suite.WantError(t, "Run", err, bad.want)
		}
	})
}
