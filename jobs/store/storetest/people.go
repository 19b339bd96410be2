package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/jobs/store"
)

// inState returns a run in a state, closed if it has ended.
func inState(t *testing.T, b Backend, h store.Holder, run string, state store.State) store.Run {
	t.Helper()
	r := processing(h, "report", run)
	switch {
	case state == store.Waiting:
		r.State = store.Waiting
	case state.Ended():
		r = ended(r, state, instant.Add(time.Minute))
	}
	return claimOne(t, b, h, r)
}

// people: what everybody may ask for.
func people(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	begun := time.Now().Add(-time.Minute)
	recent := func(t *testing.T, what string, at time.Time) {
		t.Helper()
		if at.Before(begun) || at.After(time.Now().Add(time.Minute)) || !at.Equal(at.Truncate(time.Millisecond)) {
			t.Errorf("%s is %v, want now, in milliseconds", what, at)
		}
	}

	t.Run("CancelInEachState", func(t *testing.T) {
		h := hold(t, b, "cancel")
		for _, state := range store.States {
			t.Run(string(state), func(t *testing.T) {
				r := inState(t, b, h, string(state), state)
				got, err := other.Jobs().Cancel(t.Context(), r.Key, "me", "because")
				if state.Ended() {
					suite.WantError(t, "Cancel", err, store.ErrState)
					wantRun(t, b, r)
					return
				}
				if err != nil || got.Cancel == nil {
					t.Fatalf("Cancel: %+v, %v; want the request", got, err)
				}
				recent(t, "the time of the request", got.Cancel.At)
				want := r
				want.Cancel = &store.Request{By: "me", Why: "because", At: got.Cancel.At}
				if state == store.Waiting {
					want.State, want.EndedAt = store.Cancelled, got.EndedAt
					recent(t, "the end", got.EndedAt)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the run that Cancel returned (- want, + got):\n%s", diff)
				}
				wantRun(t, b, want)
				again, err := other.Jobs().Cancel(t.Context(), r.Key, "you", "too")
				if state == store.Waiting {
					suite.WantError(t, "Cancel again", err, store.ErrState)
				} else if diff := cmp.Diff(want, again); err != nil || diff != "" {
					t.Errorf("Cancel again: %v (- want, + got):\n%s", err, diff)
				}
				wantRun(t, b, want)
			})
		}
		_, err := b.Jobs().Cancel(t.Context(), store.Key{Group: "cancel", Job: "report", Run: "none"}, "me", "")
		suite.WantError(t, "Cancel of a run that is not there", err, store.ErrNoRun)
	})

	t.Run("RetryInEachState", func(t *testing.T) {
		h := hold(t, b, "retry")
		for _, state := range store.States {
			t.Run(string(state), func(t *testing.T) {
				r := inState(t, b, h, string(state), state)
				got, err := other.Jobs().Retry(t.Context(), r.Key, "me")
				if !state.Retryable() {
					suite.WantError(t, "Retry", err, store.ErrState)
					wantRun(t, b, r)
					return
				}
				if err != nil {
					t.Fatalf("Retry: %v", err)
				}
				recent(t, "when it is due", got.Due)
				want := r
				want.State, want.Open, want.Due, want.EndedAt, want.Cancel = store.Waiting, true, got.Due, time.Time{}, nil
				want.Failures, want.Interruptions, want.Remark, want.RetriedBy = 0, 0, store.Retried("me"), "me"
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the run that Retry returned (- want, + got):\n%s", diff)
				}
				wantRun(t, b, want)
				_, err = other.Jobs().Retry(t.Context(), r.Key, "you")
				suite.WantError(t, "Retry again", err, store.ErrState)
				wantRun(t, b, want)
			})
		}
		_, err := b.Jobs().Retry(t.Context(), store.Key{Group: "retry", Job: "report", Run: "none"}, "me")
		suite.WantError(t, "Retry of a run that is not there", err, store.ErrNoRun)
	})

	// What follows its end comes first.
	t.Run("RetryOfARunThatIsOpenIsRefused", func(t *testing.T) {
		h := hold(t, b, "open")
		r := ended(processing(h, "report", "1"), store.Failed, instant)
		r.Open = true
		claimOne(t, b, h, r)
		_, err := b.Jobs().Retry(t.Context(), r.Key, "me")
		suite.WantError(t, "Retry", err, store.ErrState)
		wantRun(t, other, r)
	})

	t.Run("ACancelledRunCanBeRetriedAndIsNotCancelledAgain", func(t *testing.T) {
		h := hold(t, b, "both")
		r := submit(t, b, waiting("both", "report", "1"), nil)
		cancelled, err := b.Jobs().Cancel(t.Context(), r.Key, "me", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Jobs().Retry(t.Context(), r.Key, "me")
		suite.WantError(t, "Retry of a cancelled run that is open", err, store.ErrState)
		open, err := b.Jobs().Open(t.Context(), AnyHolder("both"), nil, 10)
		if err != nil || len(open) != 1 || open[0].State != store.Cancelled {
			t.Fatalf("Open: %v, %v; want the cancelled run, because what follows its end is not done", open, err)
		}
		closed := cancelled
		closed.Open = false
		updateRun(t, b, h, cancelled.Version(), closed)
		got, err := b.Jobs().Retry(t.Context(), r.Key, "")
		if err != nil || got.Cancel != nil || got.State != store.Waiting || got.Remark != store.Retried("") || got.RetriedBy != store.Somebody {
			t.Errorf("Retry: %+v, %v; want that it waits, without a request to cancel it", got, err)
		}
	})

	t.Run("ARequestToCancelSurvivesTheHoldersUpdate", func(t *testing.T) {
		h := hold(t, b, "survives")
		r := claimOne(t, b, h, processing(h, "report", "1"))
		asked, err := other.Jobs().Cancel(t.Context(), r.Key, "me", "")
		if err != nil {
			t.Fatal(err)
		}
		again := r // as it was before the request
		again.State, again.Due = store.Waiting, instant.Add(time.Hour)
		again = updateRun(t, b, h, r.Version(), again)
		again.Cancel = asked.Cancel
		wantRun(t, other, again)
	})

	// Either order is right: it is started and asked to stop, or it is never started.
	t.Run("CancelRacesWithTheStart", func(t *testing.T) {
		h := hold(t, b, "race")
		for round := range 20 {
			r := submit(t, b, waiting("race", "report", numbered("", round)), nil)
			start := r
			start.State, start.Attempt, start.Nonce = store.Processing, 1, newID()
			var started error
			errs := suite.Race(func(i int) (err error) {
				switch i {
				case 0:
					_, started = b.Jobs().Update(t.Context(), h, r.Version(), start)
				case 1:
					_, err = other.Jobs().Cancel(t.Context(), r.Key, "me", "")
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			got := read(t, b, r.Key)
			switch {
			case started == nil && got.State == store.Processing && got.Cancel != nil && got.Nonce == start.Nonce:
			case errors.Is(started, store.ErrChanged) && got.State == store.Cancelled && got.Cancel != nil && got.Attempt == 0:
			default:
				t.Errorf("round %d: Update returned %v, and the run is %+v; want it started with a request, or cancelled", round, started, got)
			}
		}
	})

	t.Run("CancelRacesWithTheEnd", func(t *testing.T) {
		h := hold(t, b, "end")
		for round := range 20 {
			r := claimOne(t, b, h, processing(h, "report", numbered("", round)))
			var cancelled error
			errs := suite.Race(func(i int) (err error) {
				switch i {
				case 0:
					_, err = b.Jobs().Update(t.Context(), h, r.Version(), ended(r, store.Completed, instant))
				case 1:
					_, cancelled = other.Jobs().Cancel(t.Context(), r.Key, "me", "")
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			got := read(t, b, r.Key)
			if got.State != store.Completed || (got.Cancel != nil) != (cancelled == nil) || cancelled != nil && !errors.Is(cancelled, store.ErrState) {
				t.Errorf("round %d: Cancel returned %v, and the run is %+v; want it completed, with the request if it was taken", round, cancelled, got)
			}
		}
	})

	t.Run("OfRivalsOneRetries", func(t *testing.T) {
		h := hold(t, b, "retries")
		for round := range 5 {
			r := inState(t, b, h, numbered("", round), store.Failed)
			n := 0
			for _, err := range suite.Race(func(i int) error {
				_, err := []Backend{b, other}[i%2].Jobs().Retry(t.Context(), r.Key, "me")
				return err
			}) {
				if err == nil {
					n++
				} else {
					suite.WantError(t, "Retry", err, store.ErrState)
				}
			}
			if n != 1 {
				t.Errorf("%d rivals retried the run, want one", n)
			}
		}
	})
}
