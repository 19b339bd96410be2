package sqlitestore

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/storetest"
)

var holder = store.Holder{Group: "g", Term: 1, Instance: uuid.Must(uuid.NewV7())}

// openStore opens a file that has no more of a registry than the open term of the holder.
func openStore(t testing.TB, path string) *Store {
	t.Helper()
	file, err := sqlitefile.Open(t.Context(), path, sqlitefile.Options{KillAfter: time.Hour, Schema: sqlitefile.Schema{
		ApplicationID: 0x54455354, Version: 1, Notices: "-notices", Upgrade: func(*sqlitefile.Conn) error { return nil },
		Create: `CREATE TABLE terms ("group", number, holder, endedAt, PRIMARY KEY ("group", number)) WITHOUT ROWID;
			INSERT INTO terms VALUES ('g', 1, '` + holder.Instance.String() + `', NULL);`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close(context.Background()) })
	return New(file, func(err error) error { return err })
}

func newRun(job, run string) store.Run {
	at := time.Now().Add(-time.Hour)
	return store.Run{Key: store.Key{Group: "g", Job: job, Run: run}, Trigger: store.BySchedule, Slot: at, At: at, Due: at,
		State: store.Processing, Open: true, Attempt: 1, Nonce: uuid.Must(uuid.NewV7())}
}

// prepared returns the statements of both connections.
func prepared(t testing.TB, s *Store) (list []string) {
	t.Helper()
	get := func(c *conn) ([]string, error) { return c.Prepared(), nil }
	read, err := reading(t.Context(), s, "", get)
	if err != nil {
		t.Fatal(err)
	}
	written, err := writing(t.Context(), s, "", ofOutput, get)
	if err != nil {
		t.Fatal(err)
	}
	return append(read, written...)
}

// plan returns how SQLite executes a statement.
func plan(t testing.TB, s *Store, statement string) string {
	t.Helper()
	lines, err := reading(t.Context(), s, "", func(c *conn) (lines []string, err error) {
		err = c.Each(func(scan func(dest ...any) error) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			lines = append(lines, detail)
			return err
		}, "EXPLAIN QUERY PLAN "+statement, make([]any, strings.Count(statement, "?"))...)
		return lines, err
	})
	if err != nil {
		t.Fatalf("%v: %s", err, statement)
	}
	return strings.Join(lines, "\n")
}

// No call reads more runs than it returns, by far, and none sorts them.
func TestQueries_UseTheirIndex(t *testing.T) {
	ctx := t.Context()
	job, failed := "report", []store.State{store.Failed}
	before := store.Run{Key: store.Key{Group: "g", Job: "a", Run: "b"}, At: time.Now()}
	for name, tt := range map[string]struct {
		call    func(s *Store) error
		indices []string
	}{
		"Open": {func(s *Store) error { _, err := s.Open(ctx, storetest.AnyHolder("g"), nil, 10); return err }, []string{"runsOpen"}},
		"Open but of some": {func(s *Store) error {
			_, err := s.Open(ctx, storetest.AnyHolder("g"), []store.Key{{Group: "g", Job: "a", Run: "1"}, {Group: "g", Job: "b", Run: "2"}}, 10)
			return err
		}, []string{"runsOpen"}},
		"Due": {func(s *Store) error {
			_, _, err := s.Due(ctx, storetest.AnyHolder("g"), time.Now(), nil, 10)
			return err
		}, []string{"runsWaiting", "runsDue"}},
		"Due but of some jobs": {func(s *Store) error {
			_, _, err := s.Due(ctx, storetest.AnyHolder("g"), time.Now(), []string{"another", "some"}, 10)
			return err
		}, []string{"runsWaiting", "runsDue"}},
		"Retrying": {func(s *Store) error { _, err := s.Retrying(ctx, "g"); return err }, []string{"runsRetrying"}},
		"Queue":    {func(s *Store) error { _, err := s.Queue(ctx, "g", time.Now()); return err }, []string{"runsDue"}},
		"Runs":     {func(s *Store) error { _, err := s.Runs(ctx, "g", store.Filter{Limit: 10}); return err }, []string{"runsByTime"}},
		"Runs since and before": {func(s *Store) error {
			_, err := s.Runs(ctx, "g", store.Filter{Limit: 10, Before: before, Since: before.At})
			return err
		}, []string{"runsByTime"}},
		"Runs of a job": {func(s *Store) error { _, err := s.Runs(ctx, "g", store.Filter{Job: job, Limit: 10}); return err }, []string{"runsByJob"}},
		"Runs in a state": {func(s *Store) error { _, err := s.Runs(ctx, "g", store.Filter{States: failed, Limit: 10}); return err },
			[]string{"runsByState"}},
		"Runs of a job in a state": {func(s *Store) error {
			_, err := s.Runs(ctx, "g", store.Filter{Job: job, States: failed, Limit: 10})
			return err
		}, []string{"runsByJobAndState"}},
		"Prune": {func(s *Store) error {
			_, err := s.Prune(ctx, holder, job, store.Prunable{Before: time.Now(), FailedBefore: time.Now(), Keep: 10}, 10)
			return err
		}, []string{"runsByJob"}},
		"Seal": {func(s *Store) error { _, err := s.Seal(ctx, holder); return err }, []string{"runsByState"}},
		"Submit": {func(s *Store) error {
			_, _, err := s.Submit(ctx, store.Run{Key: store.Key{Group: "g", Job: job, Run: "1"}}, nil, 10)
			return err
		}, []string{"runsByState", "sqlite_autoindex_runs_1"}},
		"Cancel": {func(s *Store) error {
			_, err := s.Cancel(ctx, store.Key{Group: "g", Job: job, Run: "2"}, "me", "")
			return err
		},
			[]string{"sqlite_autoindex_runs_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, filepath.Join(t.TempDir(), "registry.db"))
			if _, err := s.Claim(ctx, holder, []store.Run{newRun(job, "2")}); err != nil {
				t.Fatal(err)
			}
			known := prepared(t, s)
			if err := tt.call(s); err != nil {
				t.Fatal(err)
			}
			seen := 0
			for _, statement := range prepared(t, s) {
				if slices.Contains(known, statement) || !strings.Contains(statement, " runs ") || strings.HasPrefix(statement, "INSERT") {
					continue
				}
				seen++
				got := plan(t, s, statement)
				right := slices.ContainsFunc(tt.indices, func(index string) bool {
					return strings.Contains(got, "runs USING INDEX "+index+" (") || strings.Contains(got, "runs USING COVERING INDEX "+index+" (")
				})
				sorted := strings.Contains(got, "TEMP B-TREE") && name != "Queue" // sums up what waits
				covered := name != "Retrying" || strings.Contains(got, "COVERING INDEX")
				if !right || !covered || sorted || strings.Contains(got, "SCAN runs") {
					t.Errorf("%s\n%s\nwant one of the indices %v", statement, got, tt.indices)
				}
			}
			if seen == 0 && name != "Cancel" {
				t.Error("no statement was seen")
			}
		})
	}
}
