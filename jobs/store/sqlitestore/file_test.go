package sqlitestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/sqlite"
)

const deadline = 30 * time.Second

// hold begins a term of group g.
func hold(t testing.TB, r *sqlite.Registry, number int64) store.Holder {
	t.Helper()
	h := store.Holder{Group: "g", Term: number, Instance: uuid.Must(uuid.NewV7())}
	if err := r.BeginTerm(t.Context(), registry.Term{Group: "g", Number: number, Holder: h.Instance}); err != nil {
		t.Fatal(err)
	}
	return h
}

func newRun(run string) store.Run {
	at := time.Now().Add(-time.Hour)
	return store.Run{Key: store.Key{Group: "g", Job: "report", Run: run}, Trigger: store.BySchedule, Slot: at, At: at, Due: at,
		State: store.Processing, Open: true, Attempt: 1, Nonce: uuid.Must(uuid.NewV7())}
}

func claim(t testing.TB, r *sqlite.Registry, h store.Holder, run string) {
	t.Helper()
	if there, err := r.Jobs().Claim(t.Context(), h, []store.Run{newRun(run)}); err != nil || there[0] != nil {
		t.Fatalf("Claim: %v, %v; want nil", there, err)
	}
}

// tables returns how many of the tables of jobs a file has.
func tables(t testing.TB, path string) string {
	t.Helper()
	return value(t, path, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('jobs', 'runs', 'blobs', 'chunks', 'asked')`)
}

// A file in which nobody runs jobs stays as it is, and one with jobs is still a sound
// registry, of the same schema: older versions go on with it.
func TestStore_LeavesTheRegistryAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path, registry.Join)
	h := hold(t, r, 1)
	if _, err := r.Jobs().Jobs(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if n := tables(t, path); n != "0" {
		t.Errorf("reading made %s tables", n)
	}
	before := value(t, path, `PRAGMA user_version`)
	claim(t, r, h, "1")
	if n := tables(t, path); n != "5" {
		t.Errorf("a claim made %s tables, want 5", n)
	}
	if after := value(t, path, `PRAGMA user_version`); after != before {
		t.Errorf("the schema is %s, want %s as before", after, before)
	}
	for _, f := range sqlite.Check(t.Context(), path, sqlite.Options{}) {
		if f.Mark != finding.MarkOK {
			t.Errorf("check: %+v", f)
		}
	}
	if groups, err := r.Groups(t.Context()); err != nil || len(groups) != 1 {
		t.Errorf("Groups: %q, %v; want one", groups, err)
	}
}

// Whoever asks makes the tables in a file of an older version, too.
func TestStore_PeopleMayBeTheFirstToWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	owner := open(t, path, registry.Join)
	look, ask := open(t, path, registry.Look), open(t, path, registry.Ask)
	k := store.Key{Group: "g", Job: "report", Run: "1"}
	if _, err := look.Jobs().Run(t.Context(), k); !errors.Is(err, store.ErrNoRun) {
		t.Errorf("Run without tables: %v, want ErrNoRun", err)
	}
	if _, created, err := ask.Jobs().Submit(t.Context(), store.Run{Key: k, Trigger: store.ByPerson}, nil, 10); err != nil || !created {
		t.Fatalf("Submit: %v, %v", created, err)
	}
	for _, r := range []*sqlite.Registry{owner, look, ask} {
		if _, err := r.Jobs().Run(t.Context(), k); err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func TestStore_GoesOnInAFileThatIsReplaced(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path, registry.Join)
	jobs := r.Jobs()
	h := hold(t, r, 1)
	claim(t, r, h, "1")
	ch, err := jobs.Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.Remove(path+"-wal"), os.Remove(path+"-shm")); err != nil {
		t.Fatal(err)
	}
	if _, err := jobs.Claim(t.Context(), h, []store.Run{newRun("1")}); !errors.Is(err, store.ErrSuperseded) {
		t.Errorf("Claim under a term that is gone: %v, want ErrSuperseded", err)
	}
	if runs, err := jobs.Runs(t.Context(), "g", store.Filter{Limit: 10}); err != nil || len(runs) != 0 {
		t.Errorf("Runs in the new file: %v, %v; want none", runs, err)
	}
	h = hold(t, r, 1)
	if there, err := jobs.Claim(t.Context(), h, []store.Run{newRun("1")}); err != nil || there[0] != nil {
		t.Errorf("Claim in the new file: %v, %v; want nil", there, err)
	}
	timeout := time.After(deadline)
	for open := true; open; {
		select {
		case _, open = <-ch:
		case <-timeout:
			t.Fatal("the watch is still open")
		}
	}
}

func TestStore_DroppedTablesAreMadeAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path, registry.Join)
	jobs, h := r.Jobs(), hold(t, r, 1)
	claim1 := func() error { _, err := jobs.Claim(t.Context(), h, []store.Run{newRun("1")}); return err }
	if err := claim1(); err != nil {
		t.Fatal(err)
	}
	testkit.SQL(t, path, `DROP TABLE runs`)
	if err := claim1(); !errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), "runs") {
		t.Errorf("Claim without a table: %v, want ErrRefused and the name of the table", err)
	}
	if err := claim1(); err != nil {
		t.Errorf("Claim after that: %v", err)
	}
}

// A build that was never released may have made a table, with fewer columns. Nothing is
// guessed about it.
func TestStore_TablesWithoutAColumnAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path, registry.Join)
	jobs, h := r.Jobs(), hold(t, r, 1)
	save := func() error {
		return jobs.SaveJobs(t.Context(), h, []store.Job{{Group: "g", Name: "report", Revision: 1}})
	}
	testkit.SQL(t, path, `CREATE TABLE jobs ("group", name, mark, hash, since, term, revision, schedule, zone, description, next, gone,
		pausedBy, pausedWhy, pausedAt, schema, PRIMARY KEY ("group", name)) WITHOUT ROWID`)
	for range 2 {
		_, err := jobs.Jobs(t.Context(), "g")
		for call, err := range map[string]error{"SaveJobs": save(), "Jobs": err} {
			if err != nil && (!errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), "digest")) || call == "SaveJobs" && err == nil {
				t.Errorf("%s: %v, want ErrRefused and the name of the column", call, err)
			}
		}
	}
	testkit.SQL(t, path, `DROP TABLE jobs`)
	if list, err := jobs.Jobs(t.Context(), "g"); err != nil || len(list) != 0 {
		t.Errorf("Jobs without the table: %v, %v; want none", list, err)
	}
	if err := save(); err != nil {
		t.Errorf("SaveJobs after that: %v", err)
	}
}

func finish(ctx context.Context, jobs store.Store, h store.Holder, r store.Run) error {
	r.Term = h.Term
	was := r.Version()
	r.State, r.EndedAt = store.Completed, time.Now()
	_, err := jobs.Update(ctx, h, was, r)
	return err
}

// What the holder writes, often many times a second, wakes nobody at all.
func TestWatch_HoldersWritesAreNotAnnounced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path, registry.Join)
	h := hold(t, r, 1)
	jobs := r.Jobs()
	touched := func() bool {
		t.Helper()
		info, err := os.Stat(path + "-terms")
		if err != nil {
			t.Fatal(err)
		}
		long := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path+"-terms", long, long); err != nil {
			t.Fatal(err)
		}
		return time.Since(info.ModTime()) < time.Hour/2
	}
	touched()
	run := newRun("1")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	claim(t, r, h, "1")
	_, err := jobs.Seal(t.Context(), h)
	must(err)
	must(jobs.SaveJobs(t.Context(), h, []store.Job{{Group: "g", Name: "report", Revision: 1}}))
	_, err = jobs.SetProgress(t.Context(), h, run.Key, 1, store.Progress{Percent: 1, At: time.Now()})
	must(err)
	must(jobs.SaveCheckpoint(t.Context(), h, run.Key, 1, []byte("x")))
	_, err = jobs.TakeCheckpoint(t.Context(), h, run.Key, 1)
	must(err)
	must(jobs.AppendChunk(t.Context(), h, run.Key, 1, 0, 0, []byte("x")))
	must(finish(t.Context(), jobs, h, run))
	_, err = jobs.Prune(t.Context(), h, "report", store.Prunable{Before: time.Now(), FailedBefore: time.Now(), Keep: 0}, 10)
	must(err)
	if touched() {
		t.Error("a write of the holder was announced")
	}
	_, _, err = jobs.Submit(t.Context(), store.Run{Key: store.Key{Group: "g", Job: "report", Run: "2"}}, nil, 10)
	must(err)
	if !touched() {
		t.Error("a trigger was not announced")
	}
}
