package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/registrytest"
)

func open(t testing.TB, path string) *Registry {
	t.Helper()
	r, err := Open(t.Context(), path, Options{OrphanAfter: time.Minute, MakeDirectory: true})
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

func TestConformance(t *testing.T) {
	defer goleak.VerifyNone(t)
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		path := filepath.Join(t.TempDir(), "registry.db")
		return registrytest.Store{
			Open:  func(t *testing.T) registry.Backend { return open(t, path) },
			Look:  func(t *testing.T) registry.Backend { return openWith(t, path, Options{Access: registry.Look}) },
			Spoil: func(t *testing.T, r registrytest.Record, field string, value any) { spoil(t, path, r, field, value) },
		}
	})
}

// Each attempt has a UUID of its own: what failed must leave nothing behind.
func TestFailedRegistrationsAreForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r, other := open(t, path), open(t, path)
	for range 10 {
		if _, err := r.Register(t.Context(), join(t, other, "g")); !errors.Is(err, registry.ErrRegistered) {
			t.Errorf("Register: %v, want ErrRegistered", err)
		}
	}
	if n := len(r.homes); n != 0 {
		t.Errorf("%d of them are remembered", n)
	}
	if n := len(other.homes); n != 10 {
		t.Errorf("of 10 that are registered, %d are remembered", n)
	}
}

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
		return c.change(fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s", table, column, where), args...)
	})
	if err != nil || n != 1 {
		t.Fatalf("spoiling %+v: %d records, %v", rec, n, err)
	}
}
