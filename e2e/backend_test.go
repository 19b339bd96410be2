//go:build linux

package e2e

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// place is the registry of one test.
type place struct {
	uri  string         // the value of UNDERSTUDY_REGISTRY
	path string         // of the file, with SQLite
	set  *mongotest.Set // with MongoDB, if the test has servers of its own
}

// both runs a test on each backend. Its registry is its own, but the MongoDB server
// is shared.
func both(t *testing.T, test func(t *testing.T, at place)) {
	t.Parallel()
	onEach(t, test, func(t *testing.T) place { return place{uri: mongotest.Shared(t)} })
}

// bothAlone is like both, with a MongoDB server that the test may break.
func bothAlone(t *testing.T, test func(t *testing.T, at place)) {
	t.Parallel()
	onEach(t, test, func(t *testing.T) place {
		set := mongotest.Start(t, 1)
		return place{uri: set.URI(), set: set}
	})
}

// onEach runs a test on a SQLite file and on the given MongoDB, side by side.
func onEach(t *testing.T, test func(t *testing.T, at place), mongoDB func(t *testing.T) place) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, onSQLite(t))
	})
	t.Run("mongodb", func(t *testing.T) {
		t.Parallel()
		test(t, mongoDB(t))
	})
}

// onSQLite returns a registry in a new file. The file is in memory if possible,
// because a disk that is busy with the servers of other tests would cost leases.
func onSQLite(t testing.TB) place {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(inMemory), filepath.Base(inMemory)+thisRun)
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "registry.db")
	return place{uri: "sqlite:" + path, path: path}
}

// open opens the registry for the test itself.
func (at place) open(t testing.TB) store.Backend {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	var (
		b   store.Backend
		err error
	)
	if at.path != "" {
		b, err = sqlite.Open(ctx, at.path, sqlite.Options{})
	} else {
		b, err = mongotest.OpenRegistry(ctx, at.uri)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// state returns the terms and the instances of a group, the latest term first.
func (at place) state(t testing.TB, group string) ([]registry.Term, []registry.Instance) {
	t.Helper()
	b := at.open(t)
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	terms, err := b.Terms(ctx, group, 1000)
	if err != nil {
		t.Fatal(err)
	}
	instances, _, err := b.Instances(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	return terms, instances
}

// cut makes the registry unreachable for writers until mend is called.
func (at place) cut(t testing.TB) (mend func()) {
	t.Helper()
	if at.path == "" {
		at.set.Freeze(t, 0)
		return func() { at.set.Thaw(t, 0) }
	}
	db := openFile(t, at.path)
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	testkit.Until(t, "the write lock", func() bool {
		_, err := c.ExecContext(context.Background(), "BEGIN EXCLUSIVE")
		return err == nil
	})
	return func() {
		if _, err := c.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	}
}

// writable reports whether a writer gets the registry within a moment.
func (at place) writable(t testing.TB) bool {
	t.Helper()
	if at.path == "" {
		return true
	}
	_, err := openFile(t, at.path+"?_pragma=busy_timeout(200)").Exec("BEGIN IMMEDIATE; ROLLBACK")
	return err == nil
}

// openFile opens a SQLite file without the registry.
func openFile(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// sleep lets time pass that is part of a scenario. It is no means of waiting for
// something to happen.
func sleep(d time.Duration) { time.Sleep(d) }
