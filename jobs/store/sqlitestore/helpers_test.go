package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

func open(t testing.TB, path string, access registry.Access) *sqlite.Registry {
	t.Helper()
	r, err := sqlite.Open(t.Context(), path, sqlite.Options{OrphanAfter: 4 * time.Hour, MakeDirectory: true, Access: access}) // no stalled disk ends the tests
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil && !errors.Is(err, registry.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// value returns the one value of a query of another program.
func value(t testing.TB, path, query string) (v string) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err == nil {
		err = errors.Join(db.QueryRow(query).Scan(&v), db.Close())
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}
