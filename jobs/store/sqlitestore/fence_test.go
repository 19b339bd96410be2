package sqlitestore

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// dump returns all that is stored in the tables of jobs.
func dump(t *testing.T, s *Store) (all string) {
	t.Helper()
	all, err := reading(t.Context(), s, "", func(c *conn) (all string, err error) {
		for _, table := range []struct{ name, columns string }{
			{"jobs", `name, mark, hash, term, revision`},
			{"runs", `job, run, state, term, instance, attempt, nonce, progress`},
			{"blobs", `job, run, kind, term, attempt, hex(data)`},
			{"chunks", `job, run, attempt, n, hex(data)`},
		} {
			err := c.Each(func(scan func(dest ...any) error) error {
				var row string
				err := scan(&row)
				all += row + "\n"
				return err
			}, `SELECT json_array(`+table.columns+`) FROM `+table.name+` ORDER BY 1`)
			if err != nil {
				return "", err
			}
		}
		return all, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each write of a holder compares its term in its own transaction.
func TestFence_OnlyTheHolderOfTheLatestOpenTermWrites(t *testing.T) {
	h := holder
	run, fresh := newRun("report", "1"), newRun("report", "2")
	run.Term = h.Term
	calls := map[string]func(ctx context.Context, s *Store, h store.Holder) error{
		"Seal": func(ctx context.Context, s *Store, h store.Holder) error { _, err := s.Seal(ctx, h); return err },
		"SaveJobs": func(ctx context.Context, s *Store, h store.Holder) error {
			return s.SaveJobs(ctx, h, []store.Job{{Group: h.Group, Name: "report", Revision: 9}})
		},
		"Claim": func(ctx context.Context, s *Store, h store.Holder) error {
			_, err := s.Claim(ctx, h, []store.Run{fresh})
			return err
		},
		"Update": func(ctx context.Context, s *Store, h store.Holder) error {
			done := run
			done.State, done.EndedAt = store.Completed, time.Now()
			_, err := s.Update(ctx, h, run.Version(), done)
			return err
		},
		"SetProgress": func(ctx context.Context, s *Store, h store.Holder) error {
			_, err := s.SetProgress(ctx, h, run.Key, 1, store.Progress{Percent: 1, Text: "x", At: time.Now()})
			return err
		},
		"SaveCheckpoint": func(ctx context.Context, s *Store, h store.Holder) error {
			return s.SaveCheckpoint(ctx, h, run.Key, 7, []byte("another"))
		},
		"TakeCheckpoint": func(ctx context.Context, s *Store, h store.Holder) error {
			_, err := s.TakeCheckpoint(ctx, h, run.Key, 7)
			return err
		},
		"AppendChunk": func(ctx context.Context, s *Store, h store.Holder) error {
			return s.AppendChunk(ctx, h, run.Key, 1, 0, 0, []byte("x"))
		},
		"Prune": func(ctx context.Context, s *Store, h store.Holder) error {
			_, err := s.Prune(ctx, h, "old", store.Prunable{Before: time.Now(), FailedBefore: time.Now(), Keep: 0}, 10)
			return err
		},
	}
	stranger := h
	stranger.Instance = uuid.Must(uuid.NewV7())
	later := h
	later.Term++
	for name, tt := range map[string]struct {
		change string
		h      store.Holder
		want   error
	}{
		"a later term has begun":        {`INSERT INTO terms VALUES ('g', 2, '` + stranger.Instance.String() + `', NULL)`, h, store.ErrSuperseded},
		"a later term of its own":       {`INSERT INTO terms VALUES ('g', 2, '` + h.Instance.String() + `', NULL)`, h, store.ErrSuperseded},
		"a later term began and ended":  {`INSERT INTO terms VALUES ('g', 2, '` + stranger.Instance.String() + `', 1)`, h, store.ErrSuperseded},
		"its term is over":              {`UPDATE terms SET endedAt = 1`, h, store.ErrSuperseded},
		"its term has a garbage end":    {`UPDATE terms SET endedAt = 'never'`, h, store.ErrSuperseded},
		"another one holds the term":    {``, stranger, store.ErrSuperseded},
		"the term is not there":         {``, later, store.ErrSuperseded},
		"there is no term":              {`DELETE FROM terms`, h, store.ErrSuperseded},
		"the holder is garbage":         {`UPDATE terms SET holder = x'00'`, h, store.ErrSuperseded},
		"a later term has no number":    {`INSERT INTO terms VALUES ('g', 'two', '` + h.Instance.String() + `', NULL)`, h, registry.ErrCorrupt},
		"the number of its term is 1.0": {`UPDATE terms SET number = 1.0`, h, registry.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			s := openStore(t, path)
			old := newRun("old", "1")
			old.State, old.Open, old.Slot, old.EndedAt = store.Failed, false, time.Time{}, old.At
			_, err := s.Claim(t.Context(), h, []store.Run{run, old})
			_, _, submitErr := s.Submit(t.Context(), store.Run{Key: store.Key{Group: "g", Job: "report", Run: "waits"}}, nil, 10)
			if err := errors.Join(err, submitErr, s.SaveJobs(t.Context(), h, []store.Job{{Group: "g", Name: "report", Revision: 1}}),
				s.SaveCheckpoint(t.Context(), h, run.Key, 1, []byte("one"))); err != nil {
				t.Fatal(err)
			}
			if tt.change != "" {
				testkit.SQL(t, path, tt.change)
			}
			before := dump(t, s)
			for call, do := range calls {
				if err := do(t.Context(), s, tt.h); !errors.Is(err, tt.want) || errors.Is(err, store.ErrLeftOut) {
					t.Errorf("%s: %v, want %v, and that nothing was done", call, err, tt.want)
				}
			}
			if after := dump(t, s); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
	t.Run("each call writes for the holder", func(t *testing.T) {
		for call, do := range calls {
			s := openStore(t, filepath.Join(t.TempDir(), "registry.db"))
			old := newRun("old", "1")
			old.State, old.Open, old.Slot, old.EndedAt = store.Failed, false, time.Time{}, old.At
			_, err := s.Claim(t.Context(), h, []store.Run{run, old})
			_, _, submitErr := s.Submit(t.Context(), store.Run{Key: store.Key{Group: "g", Job: "report", Run: "waits"}}, nil, 10)
			if err := errors.Join(err, submitErr); err != nil {
				t.Fatal(err)
			}
			before := dump(t, s)
			if err := do(t.Context(), s, h); err != nil {
				t.Errorf("%s: %v", call, err)
			}
			if dump(t, s) == before {
				t.Errorf("%s changed nothing, so the test above means nothing for it", call)
			}
		}
	})
}
