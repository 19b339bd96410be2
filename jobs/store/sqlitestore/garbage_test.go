package sqlitestore

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
	"github.com/understudy-go/understudy/registry"
)

// Another program may store any number of records that make no sense. A call looks for those
// that do, and gives up before others have to wait for it.
func TestUnreadable_ManyRecordsHoldNobodyUp(t *testing.T) {
	before := maxUnreadable
	maxUnreadable = 100
	defer func() { maxUnreadable = before }()
	for _, garbage := range []int{maxUnreadable - 1, maxUnreadable + 1} {
		t.Run(fmt.Sprint(garbage), func(t *testing.T) {
			s := openStore(t, filepath.Join(t.TempDir(), "registry.db"))
			ctx := t.Context()
			for _, run := range []struct {
				id string
				as func(r *store.Run)
			}{
				{"waits", func(r *store.Run) { r.State, r.Priority = store.Waiting, -1 }},
				{"open", func(r *store.Run) { r.At = r.At.Add(-time.Hour) }},
				{"ended", func(r *store.Run) { r.State, r.Open, r.EndedAt, r.Slot = store.Failed, false, r.At, time.Time{} }},
			} {
				r := newRun("report", run.id)
				run.as(&r)
				if _, err := s.Claim(ctx, holder, []store.Run{r}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.SaveJobs(ctx, holder, []store.Job{{Group: "g", Name: "report", Revision: 1}}); err != nil {
				t.Fatal(err)
			}
			// They come first, whatever the order is: they are the newest in the lists, and the
			// oldest of those that could be pruned.
			_, err := writing(ctx, s, "fill", ofOutput, func(c *conn) (int64, error) {
				for _, state := range []struct {
					state string
					open  int
					at    time.Time
				}{{"waiting", 1, time.Now()}, {"processing", 1, time.Now()}, {"failed", 0, time.UnixMilli(1)}} {
					_, err := c.Change(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
						INSERT INTO runs ("group", job, run, state, open, at, due, endedAt, priority, term, schema)
						SELECT 'g', 'report', ? || i, ?, ?, ?, 1, 1, 5, 0, 1 FROM n`, garbage, state.state, state.state, state.open, state.at.UnixMilli())
					if err != nil {
						return 0, err
					}
				}
				return c.Change(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
					INSERT INTO jobs ("group", name) SELECT 'g', 'a' || i FROM n`, garbage)
			})
			if err != nil {
				t.Fatal(err)
			}
			found := 1
			if garbage >= maxUnreadable {
				found = 0
			}
			for name, call := range map[string]func(ctx context.Context) (int, error){
				"Due": func(ctx context.Context) (int, error) {
					r, _, err := s.Due(ctx, storetest.AnyHolder("g"), time.Now(), nil, 1)
					return len(r), err
				},
				"Open": func(ctx context.Context) (int, error) {
					r, err := s.Open(ctx, storetest.AnyHolder("g"), nil, 1)
					return len(r), err
				},
				"Runs": func(ctx context.Context) (int, error) {
					r, err := s.Runs(ctx, "g", store.Filter{States: []store.State{store.Waiting}, Limit: 1})
					return len(r), err
				},
				"Jobs": func(ctx context.Context) (int, error) { r, err := s.Jobs(ctx, "g"); return len(r), err },
			} {
				n, err := call(ctx)
				if n != found || !registry.Unreadable(err) {
					t.Errorf("%s: %d, %.200v; want %d, and that others cannot be understood", name, n, err, found)
				}
				if gaveUp := strings.Contains(fmt.Sprint(err), "was not read"); gaveUp != (found == 0) {
					t.Errorf("%s says that it gave up: %v, want %v", name, gaveUp, found == 0)
				}
			}
			if n, err := s.Prune(ctx, holder, "report", store.Prunable{Before: time.Now(), FailedBefore: time.Now(), Keep: 0}, 10); n != found || err != nil {
				t.Errorf("Prune: %d, %v; want %d", n, err, found)
			}
		})
	}
}
