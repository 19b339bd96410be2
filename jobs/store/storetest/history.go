package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs/store"
)

// history: which runs people see, and in which order.
func history(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	b, other := s.Open(t), s.Open(t)
	const group = "history"
	h := hold(t, b, group)
	add := func(h store.Holder, job, run string, state store.State, seconds int) store.Run {
		t.Helper()
		r := ended(processing(h, job, run), state, instant)
		if !state.Ended() {
			r = processing(h, job, run)
			r.State = state
		}
		r.At = instant.Add(time.Duration(seconds) * time.Second)
		return claimOne(t, b, h, r)
	}
	// In the order in which they have to be read.
	want := []store.Run{
		add(h, "b", "now", store.Processing, 9),
		add(h, "a", "9", store.Waiting, 9),
		add(h, "b", "6", store.Completed, 6),
		add(h, "a-b", "6", store.Failed, 6),
		add(h, "a", "7", store.Failed, 6),
		add(h, "a", "6", store.Skipped, 6),
		add(h, "a", "10", store.Cancelled, 6),
		add(h, "a", "2", store.TimedOut, 2),
		add(h, "b", "1", store.Exited, 1),
		add(h, "a", "1", store.Completed, 0),
	}
	for _, neighbour := range []string{"histor", "history2", "history/a"} {
		add(hold(t, b, neighbour), "a", "neighbour", store.Failed, 6)
	}
	runs := func(t *testing.T, f store.Filter) []store.Run {
		t.Helper()
		list, err := other.Jobs().Runs(t.Context(), group, f)
		if err != nil {
			t.Fatalf("Runs(%+v): %v", f, err)
		}
		return list
	}
	filtered := func(f func(r store.Run) bool) (list []string) {
		for _, r := range want {
			if f(r) {
				list = append(list, r.Key.String())
			}
		}
		return list
	}

	t.Run("TheLastMadeComesFirst", func(t *testing.T) {
		var listed []store.Run
		for _, r := range want {
			r.Result, r.Output.Head, r.Output.Tail = nil, nil, nil
			listed = append(listed, r)
		}
		if diff := cmp.Diff(listed, runs(t, store.Filter{Limit: 100})); diff != "" {
			t.Errorf("Runs (- want, + got):\n%s", diff)
		}
	})

	t.Run("Filters", func(t *testing.T) {
		for name, tt := range map[string]struct {
			filter store.Filter
			in     func(r store.Run) bool
		}{
			"of a job":                {store.Filter{Job: "a"}, func(r store.Run) bool { return r.Job == "a" }},
			"of a job that is a part": {store.Filter{Job: "a-"}, func(store.Run) bool { return false }},
			"in a state":              {store.Filter{States: []store.State{store.Failed}}, func(r store.Run) bool { return r.State == store.Failed }},
			"in two states": {store.Filter{States: []store.State{store.Waiting, store.Failed}},
				func(r store.Run) bool { return r.State == store.Failed || r.State == store.Waiting }},
			"in a state twice": {store.Filter{States: []store.State{store.Failed, store.Failed}}, func(r store.Run) bool { return r.State == store.Failed }},
			"in any state":     {store.Filter{States: store.States}, func(store.Run) bool { return true }},
			"of a job in states": {store.Filter{Job: "a", States: []store.State{store.Failed, store.Completed}},
				func(r store.Run) bool { return r.Job == "a" && (r.State == store.Failed || r.State == store.Completed) }},
			"since an instant": {store.Filter{Since: instant.Add(2 * time.Second)}, func(r store.Run) bool { return !r.At.Before(instant.Add(2 * time.Second)) }},
			"of a job in a state since": {store.Filter{Job: "b", States: []store.State{store.Exited, store.Completed}, Since: instant.Add(2 * time.Second)},
				func(r store.Run) bool { return r.Key.String() == "b/6" }},
		} {
			t.Run(name, func(t *testing.T) {
				all := filtered(tt.in)
				for _, limit := range []int{1, 2, 100, store.MaxPage + 1} {
					f := tt.filter
					f.Limit = limit
					if got := names(runs(t, f)); !slices.Equal(got, all[:min(limit, len(all))]) {
						t.Errorf("up to %d: %q, want %q", limit, got, all[:min(limit, len(all))])
					}
				}
			})
		}
		for _, limit := range []int{0, -1} {
			if got := runs(t, store.Filter{Limit: limit}); len(got) != 0 {
				t.Errorf("Runs, up to %d: %q, want none", limit, names(got))
			}
		}
		if got, err := other.Jobs().Runs(t.Context(), "hist", store.Filter{Limit: 10}); err != nil || len(got) != 0 {
			t.Errorf("Runs of another group: %q, %v; want none", names(got), err)
		}
	})

	t.Run("PagesFollowEachOther", func(t *testing.T) {
		for _, f := range []store.Filter{{}, {Job: "a"}, {States: store.States}, {Job: "a", States: store.States}, {Since: instant.Add(time.Second)}} {
			for _, limit := range []int{1, 3} {
				f.Limit, f.Before = 100, store.Run{}
				all := names(runs(t, f))
				var got []string
				f.Limit = limit
				for range len(want) + 1 {
					page := runs(t, f)
					if len(page) == 0 {
						break
					}
					got = append(got, names(page)...)
					last := page[len(page)-1]
					f.Before = store.Run{Key: last.Key, At: last.At} // no more of it counts
				}
				if !slices.Equal(got, all) {
					t.Errorf("pages of %d of %+v: %q, want %q", limit, f, got, all)
				}
			}
		}
	})

	t.Run("RunOfAKeyThatIsNotThere", func(t *testing.T) {
		for _, k := range []store.Key{{Group: group, Job: "a", Run: ""}, {Group: group, Job: "a", Run: "66"}, {Group: "histo", Job: "a", Run: "6"}, {Group: group, Job: "b", Run: "7"}} {
			wantNoRun(t, b, k)
		}
	})
}
