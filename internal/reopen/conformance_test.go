package reopen

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/registrytest"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// Every call arrives at the backend, and its answer is returned as it is.
func TestConformance(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registrytest.Store {
		path := filepath.Join(t.TempDir(), "registry.db")
		return registrytest.Store{
			Open:  func(t *testing.T) registry.Backend { return overSQLite(t, path, sqlite.Options{Access: registry.Join}) },
			Look:  func(t *testing.T) registry.Backend { return overSQLite(t, path, sqlite.Options{Access: registry.Look}) },
			Spoil: func(t *testing.T, r registrytest.Record, field string, value any) { spoil(t, path, r, field, value) },
		}
	})
}

// overSQLite opens a SQLite file below a registry of this package.
func overSQLite(t *testing.T, path string, o sqlite.Options) *Registry {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := over(b, nil)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func spoil(t *testing.T, path string, r registrytest.Record, field string, value any) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	set, values := `"`+field+`" = ?`, []any{value}
	if field == "handover" {
		set, values = `handoverAt = ?, handoverTo = ?`, []any{value, value}
	}
	table, where, key := "instances", "id = ?", []any{r.ID.String()}
	if r.Group != "" {
		table, where, key = "terms", `"group" = ? AND number = ?`, []any{r.Group, r.Term}
	}
	if _, err := db.Exec("UPDATE "+table+" SET "+set+" WHERE "+where, append(values, key...)...); err != nil {
		t.Fatal(err)
	}
}
