package sqlitestore

import (
	"context"
	"fmt"
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
			return s.SaveJobs(ctx, holder, []store.Job{{Group: "g", Name: "report", Revision: 2, Mark: r.Slot.Add(-time.Hour)}})
		}, 0},
		"it is gone": {func(ctx context.Context, s *Store, _ store.Run) error {
			_, err := s.Prune(ctx, holder, "report", store.Prunable{Before: time.Now(), FailedBefore: time.Now(), Keep: 0}, 10)
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
			if err := s.SaveJobs(ctx, holder, []store.Job{{Group: "g", Name: "report", Revision: 1, Mark: r.Slot}}); err != nil {
				t.Fatal(err)
			}
			at := now().Add(time.Minute) // so that what ends now counts as well
			old := store.Prunable{Before: at, FailedBefore: at}
			found, err := reading(ctx, s, "", func(c *conn) ([]store.Run, error) { return c.oldest("g", "report", old, store.Run{}, 10) })
			if err != nil || len(found) != 1 {
				t.Fatalf("found %v, %v; want the run", found, err)
			}
			keys := []store.Key{found[0].Key}
			if err := tt.meanwhile(ctx, s, r); err != nil {
				t.Fatal(err)
			}
			n, err := writing(ctx, s, "", ofHolder, func(c *conn) (int, error) { return c.deleteRuns(keys, "report", "g", old) })
			if err != nil || n != tt.want {
				t.Errorf("deleted %d, %v; want %d", n, err, tt.want)
			}
		})
	}
}

// More than a page is kept: the search goes on where the page before ended, also among runs
// that were made at the same instant.
func TestPrune_KeepsMoreThanAPage(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "registry.db"))
	ctx := t.Context()
	const runs, keep = 2*store.MaxPage + 300, 2*store.MaxPage + 200
	at := now().Add(-time.Hour)
	for from := 0; from < runs; from += 100 {
		var list []store.Run
		for i := range 100 {
			r := newRun("report", fmt.Sprintf("%05d", from+i))
			r.At, r.Slot, r.State, r.Open, r.EndedAt = at.Add(time.Duration((from+i)/700)*time.Second), time.Time{}, store.Completed, false, at
			list = append(list, r)
		}
		if _, err := s.Claim(ctx, holder, list); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{70, 30, 0} {
		if n, err := s.Prune(ctx, holder, "report", store.Prunable{Before: now(), FailedBefore: now(), Keep: keep}, 70); err != nil || n != want {
			t.Errorf("Prune: %d, %v; want %d", n, err, want)
		}
	}
	var last store.Run
	for range runs/store.MaxPage + 1 {
		page, err := s.Runs(ctx, "g", store.Filter{Before: last, Limit: store.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 0 {
			last = page[len(page)-1]
		}
	}
	if last.Key.Run != "00100" {
		t.Errorf("the oldest run that is left is %s, want 00100", last.Key.Run)
	}
}
