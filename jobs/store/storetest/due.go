package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs/store"
)

// due: what is to be started next.
func due(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	const group = "due"
	h := hold(t, b, group)
	claimWaiting := func(group string, h store.Holder, job, run string, priority int, due time.Time) store.Run {
		r := processing(h, job, run)
		r.State, r.Priority, r.Due, r.Attempt, r.Attempts = store.Waiting, priority, due, 0, nil
		return claimOne(t, b, h, r)
	}
	at := func(seconds int) time.Time { return instant.Add(time.Duration(seconds) * time.Second) }
	for _, r := range []struct {
		job, run string
		priority int
		due      int
	}{ // not in their order
		{"b", "1", 0, -5}, {"a", "2", 0, -5}, {"a", "1", 0, -5}, {"c", "1", 0, -9}, {"z", "urgent", 7, 0}, {"a", "low", -1, -100},
		{"a", "soon", 9, 3}, {"a", "later", 99, 60}, {"z", "negative", -2, -200},
	} {
		claimWaiting(group, h, r.job, r.run, r.priority, at(r.due))
	}
	claimOne(t, b, h, processing(h, "a", "processing"))
	claimOne(t, b, h, ended(processing(h, "a", "ended"), store.Completed, instant))
	neighbour := hold(t, b, group+"2")
	claimWaiting(group+"2", neighbour, "a", "1", 0, at(-1))
	claimWaiting(group+"2", neighbour, "a", "2", 0, at(1))

	want := []string{"z/urgent", "c/1", "a/1", "a/2", "b/1", "a/low", "z/negative"}
	t.Run("TheHighestPriorityComesFirstThenTheOldest", func(t *testing.T) {
		for _, limit := range []int{1, 3, 7, 100, store.MaxPage + 1} {
			runs, next, err := other.Jobs().Due(t.Context(), AnyHolder(group), at(0), nil, limit)
			if err != nil || !slices.Equal(names(runs), want[:min(limit, 7)]) {
				t.Errorf("Due, up to %d: %q, %v; want %q", limit, names(runs), err, want[:min(limit, 7)])
			}
			if !next.Equal(at(3)) {
				t.Errorf("the next one is due at %v, want %v", next, at(3))
			}
		}
		runs, _, err := other.Jobs().Due(t.Context(), AnyHolder(group), at(0), nil, 1)
		if err != nil || len(runs) != 1 {
			t.Fatalf("Due: %v, %v", runs, err)
		}
		wantRun(t, b, runs[0])
		for _, limit := range []int{0, -1} {
			if runs, next, err := other.Jobs().Due(t.Context(), AnyHolder(group), at(0), nil, limit); err != nil || len(runs) != 0 || !next.Equal(at(3)) {
				t.Errorf("Due, up to %d: %v, %v, %v; want no runs, and the next one", limit, names(runs), next, err)
			}
		}
	})

	t.Run("NothingIsDueBeforeItsTime", func(t *testing.T) {
		for _, tt := range []struct {
			now  time.Time
			runs int
			next time.Time
		}{
			{at(-1000), 0, at(-200)},
			{at(-200).Add(-time.Millisecond), 0, at(-200)},
			{at(-200), 1, at(-100)},
			{at(3).Add(-1), 7, at(3)},
			{at(3), 8, at(60)},
			{at(60), 9, time.Time{}},
		} {
			runs, next, err := b.Jobs().Due(t.Context(), AnyHolder(group), tt.now, nil, 100)
			if err != nil || len(runs) != tt.runs || !next.Equal(tt.next) {
				t.Errorf("Due at %v: %q, next at %v, %v; want %d, next at %v", tt.now, names(runs), next, err, tt.runs, tt.next)
			}
		}
		if runs, next, err := b.Jobs().Due(t.Context(), AnyHolder("du"), at(0), nil, 100); err != nil || len(runs) != 0 || !next.IsZero() {
			t.Errorf("Due of another group: %q, next at %v, %v; want nothing", names(runs), next, err)
		}
	})

	t.Run("RunsOfSomeJobsAreLeftOut", func(t *testing.T) {
		for _, tt := range []struct {
			except []string
			want   []string
			next   time.Time
		}{
			{[]string{}, want, at(3)},
			{[]string{"none", "", "A", "a ", "a/1", `"a"`, "\x00\xff"}, want, at(3)},
			{[]string{"a"}, []string{"z/urgent", "c/1", "b/1", "z/negative"}, time.Time{}},
			{[]string{"z", "c", "z"}, []string{"a/1", "a/2", "b/1", "a/low"}, at(3)},
			{[]string{"c", "b", "a", "z"}, nil, time.Time{}},
		} {
			for _, limit := range []int{0, 1, 3, 100} {
				runs, next, err := other.Jobs().Due(t.Context(), AnyHolder(group), at(0), tt.except, limit)
				if want := tt.want[:min(limit, len(tt.want))]; err != nil || !slices.Equal(names(runs), want) || !next.Equal(tt.next) {
					t.Errorf("Due except of %q, up to %d: %q, next at %v, %v; want %q, next at %v", tt.except, limit, names(runs), next, err, want, tt.next)
				}
			}
		}
		long := make([]string, store.MaxJobs)
		for i := range long {
			long[i] = numbered("another", i)
		}
		if runs, next, err := other.Jobs().Due(t.Context(), AnyHolder(group), at(0), long, 100); err != nil || !slices.Equal(names(runs), want) || !next.Equal(at(3)) {
			t.Errorf("Due except of %d others: %q, next at %v, %v; want %q, next at %v", len(long), names(runs), next, err, want, at(3))
		}
	})

	t.Run("QueueTellsWhatWaitsOfEachJob", func(t *testing.T) {
		got, err := other.Jobs().Queue(t.Context(), group, at(0))
		want := map[string]store.Queue{
			"a": {Waiting: 3, Oldest: at(-100)}, "b": {Waiting: 1, Oldest: at(-5)}, "c": {Waiting: 1, Oldest: at(-9)}, "z": {Waiting: 2, Oldest: at(-200)},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Queue: %v (- want, + got):\n%s", err, diff)
		}
		if got, err := other.Jobs().Queue(t.Context(), "du", at(0)); err != nil || len(got) != 0 {
			t.Errorf("Queue of another group: %v, %v; want none", got, err)
		}
	})
}
