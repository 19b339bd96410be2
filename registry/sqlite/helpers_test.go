package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/registrytest"
)

const deadline = 30 * time.Second

func open(t testing.TB, path string) *Registry {
	t.Helper()
	r, err := Open(t.Context(), path, Options{OrphanAfter: 4 * time.Hour, MakeDirectory: true}) // no stalled disk ends the tests
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

func openWith(t testing.TB, path string, o Options) *Registry {
	t.Helper()
	o.OrphanAfter = 4 * time.Hour
	r, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func closeRegistry(t testing.TB, r *Registry) {
	t.Helper()
	if err := r.Close(context.Background()); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// join registers an instance.
func join(t testing.TB, r *Registry, group string) registry.Instance {
	t.Helper()
	in := registry.Instance{ID: uuid.Must(uuid.NewV7()), Group: group, Interval: time.Second, OrphanAfter: time.Minute,
		Status: registry.Status{Role: registry.Passive, Candidate: true}}
	if _, err := r.Register(t.Context(), in); err != nil {
		t.Fatalf("Register: %v", err)
	}
	return in
}

func beginTerm(t testing.TB, r *Registry, number int64, in registry.Instance) {
	t.Helper()
	if err := r.BeginTerm(t.Context(), registry.Term{Group: in.Group, Number: number, Holder: in.ID}); err != nil {
		t.Fatalf("BeginTerm: %v", err)
	}
}

// wantTerm checks what a registry shows, and that the term's holder is there.
func wantTerm(t testing.TB, r *Registry, number int64) {
	t.Helper()
	if v, err := r.View(t.Context(), "g"); err != nil || v.Number() != number || v.Holder == nil {
		t.Errorf("View: term %d, holder %v, %v; want term %d and its holder", v.Number(), v.Holder, err, number)
	}
}

// prepared returns the statements that both connections have prepared, in order.
func prepared(t testing.TB, r *Registry) []string {
	t.Helper()
	get := func(c *conn) ([]string, error) { return c.Prepared(), nil }
	queries, err := reading(t.Context(), r, get)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := writing(t.Context(), r, ofInstances, get)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(slices.Values(append(queries, changes...)))
}

// takeWriteLock takes the lock for writing as another program does, until release.
func takeWriteLock(t testing.TB, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		_, err := db.Exec("ROLLBACK")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// spoil stores a value in a field of a record, whatever that does to the record.
func spoil(t *testing.T, path string, rec registrytest.Record, field string, value any) {
	t.Helper()
	column := map[string]string{"group": `"group"`, "handover": "handoverAt"}[field]
	if column == "" {
		column = field
	}
	table, where, args := "instances", `id = ?`, []any{value, rec.ID.String()}
	if rec.Group != "" {
		table, where, args = "terms", `"group" = ? AND number = ?`, []any{value, rec.Group, rec.Term}
	}
	r := open(t, path)
	n, err := writing(t.Context(), r, ofInstances, func(c *conn) (int64, error) {
		return c.Change(fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s", table, column, where), args...)
	})
	if err != nil || n != 1 {
		t.Fatalf("spoiling %+v: %d records, %v", rec, n, err)
	}
}
