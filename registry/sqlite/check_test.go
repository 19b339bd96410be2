package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/registrytest"
)

// checkOf returns what Check finds, by name.
func checkOf(t *testing.T, ctx context.Context, path string) map[string]finding.Finding {
	t.Helper()
	found := map[string]finding.Finding{}
	for _, f := range Check(ctx, path, Options{MakeDirectory: true}) {
		t.Logf("%s %s: %s: %s", f.Mark, f.Name, f.Detail, f.Cure)
		if _, twice := found[f.Name]; twice && f.Name != "tables" && f.Name != "trial" {
			t.Errorf("%s is there twice", f.Name)
		}
		if strings.ContainsAny(f.Detail+f.Cure, "\n\x1b") {
			t.Errorf("%s is not one plain line: %q", f.Name, f.Detail+f.Cure)
		}
		if found[f.Name].Mark != finding.MarkError {
			found[f.Name] = f
		}
	}
	return found
}

// wantErrors checks that the findings with these names are errors, and no others.
func wantErrors(t *testing.T, found map[string]finding.Finding, names ...string) {
	t.Helper()
	for _, name := range names {
		if found[name].Mark != finding.MarkError {
			t.Errorf("%s is %q, want an error", name, found[name].Mark)
		}
	}
	for name, f := range found {
		if f.Mark == finding.MarkError && !slices.Contains(names, name) {
			t.Errorf("%s is an error: %s", name, f.Detail)
		}
	}
}

func TestCheck_LeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "registry.db"), filepath.Join(dir, "a", "b", "registry.db")} {
		found := checkOf(t, t.Context(), path)
		wantErrors(t, found)
		if !strings.Contains(found["file"].Detail, path+" does not exist yet") {
			t.Errorf("file: %s", found["file"].Detail)
		}
	}
	if got := testkit.Names(t, dir); len(got) > 0 {
		t.Errorf("without a file, it made %v", got)
	}

	path := filepath.Join(dir, "registry.db")
	owner := open(t, path)
	beginTerm(t, owner, 1, join(t, owner, "g"))
	for _, used := range []bool{true, false} { // with the file in use, and without
		if !used {
			closeRegistry(t, owner)
		}
		before := testkit.Names(t, dir)
		found := checkOf(t, t.Context(), path)
		wantErrors(t, found)
		for _, name := range []string{"database", "tables", "writable", "schema", "trial", "index", "watch"} {
			if found[name].Mark != finding.MarkOK {
				t.Errorf("%s is %q", name, found[name].Mark)
			}
		}
		if !strings.Contains(found["schema"].Detail, "instances: 1, terms: 1") {
			t.Errorf("schema: %s", found["schema"].Detail)
		}
		if got := testkit.Names(t, dir); !slices.Equal(got, before) {
			t.Errorf("it left %v, before there were %v", got, before)
		}
	}
}

// altered makes a registry in which another program ran SQL.
func altered(text string) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		r := open(t, path)
		beginTerm(t, r, 1, join(t, r, "g"))
		testkit.SQL(t, path, text)
	}
}

func TestCheck_NamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		make   func(t *testing.T, path string)
		faults []string
		says   string
	}{
		{"a directory", func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, []string{"file"}, "is a directory, not a file"},
		{"a text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("la ", 2000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"database"}, "no SQLite database"},
		{"a newer schema", func(t *testing.T, path string) {
			open(t, path)
			testkit.SQL(t, path, "PRAGMA user_version = 99")
		}, []string{"database"}, "has schema 99"},
		{"a spoilt record", func(t *testing.T, path string) {
			in := join(t, open(t, path), "g")
			spoil(t, path, registrytest.Record{ID: in.ID}, "beat", "many\x1b[31m")
		}, []string{"schema"}, "unreadable: 1"},
		{"a record of a newer version", func(t *testing.T, path string) {
			in := join(t, open(t, path), "g")
			spoil(t, path, registrytest.Record{ID: in.ID}, "schema", int64(77))
		}, []string{"schema"}, "has schema 77"},
		{"a trigger that refuses", altered(`CREATE TRIGGER audit BEFORE INSERT ON terms BEGIN SELECT RAISE(ABORT, 'not without a customer'); END`),
			[]string{"trial"}, "not without a customer"},
		{"a trigger that rolls all back", altered(`CREATE TRIGGER audit BEFORE INSERT ON instances BEGIN SELECT RAISE(ROLLBACK, 'not here'); END`),
			[]string{"trial"}, "not here"},
		{"a trigger that ignores", altered(`CREATE TRIGGER audit BEFORE INSERT ON instances BEGIN SELECT RAISE(IGNORE); END`),
			[]string{"trial"}, `DROP TRIGGER "audit"`},
		{"a trigger that deletes", altered(`CREATE TRIGGER tidy AFTER UPDATE ON terms BEGIN DELETE FROM terms WHERE endedAt IS NOT NULL; END`),
			[]string{"trial"}, "the term was acknowledged, and is not stored"},
		{"a trigger that does no harm", altered(`CREATE TRIGGER audit AFTER INSERT ON terms BEGIN SELECT 1; END`), nil, `the trigger "audit" acts on the table terms`},
		{"triggers that refuse both", altered(`CREATE TRIGGER a BEFORE INSERT ON instances BEGIN SELECT RAISE(ABORT, 'not one'); END;
			CREATE TRIGGER b BEFORE INSERT ON terms BEGIN SELECT RAISE(ABORT, 'nor the other'); END`), []string{"trial"}, "nor the other"},
		{"a unique index", altered(`CREATE UNIQUE INDEX one_each ON instances (host, pid)`), []string{"tables", "trial"}, `the index "one_each" of instances is unique`},
		{"a unique index on terms", altered(`CREATE UNIQUE INDEX one_each ON terms (host)`), []string{"tables", "trial"}, "begin term"},
		{"a unique index that skips our records", altered(`CREATE UNIQUE INDEX one_each ON terms (host) WHERE number < 0`), nil, "may refuse a record"},
		{"a view", altered(`ALTER TABLE terms RENAME TO before; CREATE VIEW terms AS SELECT * FROM before`), []string{"tables"}, "terms is a view"},
		{"no table", altered(`DROP TABLE terms`), []string{"tables"}, "terms is missing"},
		{"a collation", altered(`DROP TABLE terms; CREATE TABLE terms ("group" COLLATE NOCASE, number, holder, host, orphanAfter, startedAt, endedAt, reason,
			exitCode, silence, handoverTo, handoverAt, schema, PRIMARY KEY ("group", number)) WITHOUT ROWID`), []string{"trial"}, "the groups A and a are one group"},
		{"no index", func(t *testing.T, path string) {
			open(t, path)
			testkit.SQL(t, path, "DROP INDEX seniority")
		}, nil, "CREATE INDEX"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			tt.make(t, path)
			before := contents(t, path)
			found := checkOf(t, t.Context(), path)
			if after := contents(t, path); after != before {
				t.Errorf("before the check there was\n%s\nand after it\n%s", before, after)
			}
			wantErrors(t, found, tt.faults...)
			if text := fmt.Sprint(Check(t.Context(), path, Options{})); !strings.Contains(text, tt.says) {
				t.Errorf("nothing says %q", tt.says)
			}
		})
	}
}

func TestCheck_EndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	owner := open(t, path)
	join(t, owner, "g")
	release := takeWriteLock(t, path)
	r := openWith(t, path, Options{Access: registry.Look})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // of this step alone: the others take what they take
	defer cancel()
	if f := r.checkWriting(ctx); f.Mark != finding.MarkError || !errors.Is(f.Err, context.DeadlineExceeded) ||
		!strings.Contains(f.Detail, "holds its lock") {
		t.Errorf("with the lock taken: %+v", f)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	reported := false
	for _, f := range checkOf(t, gone, path) {
		reported = reported || f.Mark == finding.MarkError && errors.Is(f.Err, context.Canceled)
	}
	if !reported {
		t.Error("no finding says that the context ended")
	}
	release()
}

// contents returns all that is stored in a file, if it is a registry.
func contents(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all strings.Builder
	for _, query := range []string{"SELECT * FROM instances", "SELECT * FROM terms", "SELECT name, sql FROM sqlite_schema"} {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			continue
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				fmt.Fprintf(&all, "%v|", *v.(*any))
			}
			all.WriteByte('\n')
		}
		_ = rows.Close()
	}
	return all.String()
}
