package sqlitestore

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// Between the search and the deletion, a run may be retried, and the mark may be pulled back.
func TestPrune_ChecksAgainWhatItDeletes(t *testing.T) {
	for name, tt := range map[string]struct {
		meanwhile func(ctx context.Context, s *Store, r store.Run) error
		want      int
	}{
		"nothing happens": {func(context.Context, *Store, store.Run) error { return nil }, 1},
		"it is retried": {func(ctx context.Context, s *Store, r store.Run) error {
			_, err := s.Retry(ctx, r.Key, "me")
			return err
		}, 0},
		"it is retried and cancelled": {func(ctx context.Context, s *Store, r store.Run) error {
			_, err := s.Retry(ctx, r.Key, "me")
			if err == nil {
				_, err = s.Cancel(ctx, r.Key, "me", "")
			}
			return err
		}, 0},
		"the mark is pulled back": {func(ctx context.Context, s *Store, r store.Run) error {
			return s.SaveJob(ctx, holder, store.Job{Group: "g", Name: "report", Revision: 2, Mark: r.Slot.Add(-time.Hour)})
		}, 0},
		"it is gone": {func(ctx context.Context, s *Store, _ store.Run) error {
			_, err := s.Prune(ctx, holder, "report", time.Now(), 0, 10)
			return err
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			s := openStore(t, filepath.Join(t.TempDir(), "registry.db"))
			r := newRun("report", "1")
			r.State, r.Open, r.EndedAt = store.Failed, false, r.At
			if _, err := s.Claim(ctx, holder, []store.Run{r}); err != nil {
				t.Fatal(err)
			}
			if err := s.SaveJob(ctx, holder, store.Job{Group: "g", Name: "report", Revision: 1, Mark: r.Slot}); err != nil {
				t.Fatal(err)
			}
			before := now().Add(time.Minute) // so that what ends now counts as well
			keys, err := reading(ctx, s, "", func(c *conn) ([]store.Key, error) { return c.oldest("g", "report", before, 0, 10) })
			if err != nil || len(keys) != 1 {
				t.Fatalf("found %v, %v; want the run", keys, err)
			}
			if err := tt.meanwhile(ctx, s, r); err != nil {
				t.Fatal(err)
			}
			n, err := writing(ctx, s, "", ofHolder, func(c *conn) (int, error) { return c.deleteRuns(keys, "report", "g", before) })
			if err != nil || n != tt.want {
				t.Errorf("deleted %d, %v; want %d", n, err, tt.want)
			}
		})
	}
}
