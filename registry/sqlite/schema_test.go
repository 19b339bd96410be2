package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// oldFile makes a file as older versions did, which knew no silence, with term 1 of g.
func oldFile(t *testing.T) (path string, in registry.Instance) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in = join(t, r, "g")
	beginTerm(t, r, 1, in)
	testkit.SQL(t, path, `ALTER TABLE terms DROP COLUMN silence`)
	closeRegistry(t, r)
	return path, in
}

// mentionsSilence reports whether the table of terms has the column silence.
func mentionsSilence(t *testing.T, path string) bool {
	t.Helper()
	r := openWith(t, path, Options{Access: registry.Look})
	defer closeRegistry(t, r)
	definition, err := reading(t.Context(), r, func(c *conn) (text string, err error) {
		err = c.Scan(`SELECT sql FROM sqlite_schema WHERE name = 'terms'`, &text)
		return text, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(definition, "silence")
}

// changed returns how many records a statement changed.
func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func TestOldFile_IsReadAsItIs(t *testing.T) {
	path, in := oldFile(t)
	for _, access := range []registry.Access{registry.Look, registry.Ask} {
		r := openWith(t, path, Options{Access: access})
		wantTerm(t, r, 1)
		if list, err := r.Terms(t.Context(), "g", 10); err != nil || len(list) != 1 || list[0].Holder != in.ID {
			t.Errorf("Terms: %+v, %v", list, err)
		}
		if access == registry.Ask {
			if err := r.RequestHandover(t.Context(), "g", 1, uuid.Nil); err != nil {
				t.Errorf("RequestHandover: %v", err)
			}
		}
		closeRegistry(t, r)
		if mentionsSilence(t, path) {
			t.Errorf("access %v changed the file", access)
		}
	}
}

func TestOldFile_GetsTheColumnThatItLacks(t *testing.T) {
	path, in := oldFile(t)
	reader := openWith(t, path, Options{Access: registry.Look})
	wantTerm(t, reader, 1)
	// An older version has the file open, and goes on with the statements that it knows.
	old, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	oldVersion := func(number int64) {
		t.Helper()
		n, err := changed(old.Exec(`INSERT INTO terms ("group", number, holder, host, orphanAfter, startedAt, schema) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			"g", number, in.ID.String(), "h", 1, aTime, 1))
		if err != nil || n != 1 {
			t.Fatalf("the older version begins term %d: %d, %v", number, n, err)
		}
		n, err = changed(old.Exec(`UPDATE terms SET endedAt = ?, reason = ?, exitCode = ? WHERE "group" = ? AND number = ? AND holder = ? AND endedAt IS NULL`,
			aTime, "stopped", 0, "g", number, in.ID.String()))
		if err != nil || n != 1 {
			t.Fatalf("the older version ends term %d: %d, %v", number, n, err)
		}
		read := 0
		rows, err := old.Query(`SELECT "group", number, holder, host, orphanAfter, startedAt, endedAt, reason, exitCode, handoverTo, handoverAt, schema FROM terms WHERE "group" = ? ORDER BY number DESC LIMIT ?`, "g", 100)
		if err != nil {
			t.Fatalf("the older version reads: %v", err)
		}
		for ; rows.Next(); read++ {
			var row termRow
			fields := row.fields()
			if err := rows.Scan(fields[:len(fields)-1]...); err != nil {
				t.Fatal(err)
			}
			if _, err := row.decode(); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || read == 0 {
			t.Fatalf("the older version reads %d terms, %v", read, err)
		}
	}
	oldVersion(2)

	// All those of the new version open it at once.
	var opening sync.WaitGroup
	registries := make([]*Registry, 8)
	for i := range registries {
		opening.Go(func() {
			r, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			registries[i] = r
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	oldVersion(3)
	want := registry.End{Reason: registry.Orphaned, Silence: 61 * time.Second}
	for i, r := range registries {
		number := int64(4 + i)
		beginTerm(t, r, number, in)
		if err := r.EndTerm(t.Context(), "g", number, in.ID, want); err != nil {
			t.Errorf("EndTerm: %v", err)
		}
		for _, r := range []*Registry{reader, registries[0]} {
			if v, err := r.View(t.Context(), "g"); err != nil || v.Number() != number || v.Latest.End != want {
				t.Errorf("View: %+v, %v; want the end %+v", v.Latest, err, want)
			}
		}
	}
	oldVersion(20)
	if list, err := reader.Terms(t.Context(), "g", 100); err != nil || len(list) != 12 || list[11].Number != 1 || list[0].Number != 20 {
		t.Errorf("Terms: %d of them, %v", len(list), err)
	}
	for _, r := range registries {
		closeRegistry(t, r)
	}
	if !mentionsSilence(t, path) {
		t.Error("the file has no such column")
	}
}
