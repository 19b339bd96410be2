package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs/store"
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
				r := claimOne(t, b, h, processing(h, "report", fmt.Sprintf("%d.%d", h.Term, i)))
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
			runs, err := other.Jobs().Open(t.Context(), group, limit)
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
			if runs, err := other.Jobs().Open(t.Context(), group, limit); err != nil || len(runs) != 0 {
				t.Errorf("Open of up to %d: %v, %v; want none", limit, names(runs), err)
			}
		}
	})
}
