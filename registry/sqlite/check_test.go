package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/registrytest"
)

// checkOf is what Check finds, by name.
func checkOf(t *testing.T, ctx context.Context, path string) map[string]registry.Finding {
	t.Helper()
	found := map[string]registry.Finding{}
	for _, f := range Check(ctx, path) {
		t.Logf("%s %s: %s: %s", f.Mark, f.Name, f.Detail, f.Cure)
		if _, twice := found[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		if strings.ContainsAny(f.Detail+f.Cure, "\n\x1b") {
			t.Errorf("%s is not one plain line: %q", f.Name, f.Detail+f.Cure)
		}
		found[f.Name] = f
	}
	return found
}

// wantErrors checks that these findings are errors, and no others.
func wantErrors(t *testing.T, found map[string]registry.Finding, names ...string) {
	t.Helper()
	for _, name := range names {
		if found[name].Mark != registry.Error {
			t.Errorf("%s is %q, want an error", name, found[name].Mark)
		}
	}
	for name, f := range found {
		if f.Mark == registry.Error && !slices.Contains(names, name) {
			t.Errorf("%s is an error: %s", name, f.Detail)
		}
	}
}

func TestCheckLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "registry.db"), filepath.Join(dir, "a", "b", "registry.db")} {
		found := checkOf(t, t.Context(), path)
		wantErrors(t, found)
		if !strings.Contains(found["file"].Detail, path+" is not there yet") {
			t.Errorf("file: %s", found["file"].Detail)
		}
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("without a file, it made %v", got)
	}

	path := filepath.Join(dir, "registry.db")
	owner := open(t, path)
	beginTerm(t, owner, 1, join(t, owner, "g"))
	for _, used := range []bool{true, false} { // with the file in use, and without
		if !used {
			closed(t, owner)
		}
		before := files(t, dir)
		found := checkOf(t, t.Context(), path)
		wantErrors(t, found)
		for _, name := range []string{"database", "writable", "schema", "index", "watch"} {
			if found[name].Mark != registry.OK {
				t.Errorf("%s is %q", name, found[name].Mark)
			}
		}
		if !strings.Contains(found["schema"].Detail, "instances: 1, terms: 1") {
			t.Errorf("schema: %s", found["schema"].Detail)
		}
		if got := files(t, dir); !slices.Equal(got, before) {
			t.Errorf("it left %v, before there were %v", got, before)
		}
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		make   func(t *testing.T, path string)
		faults []string
		says   string
	}{
		{"a directory", func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, []string{"file"}, "is no file"},
		{"a text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("la ", 2000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"database"}, "no SQLite database"},
		{"a newer schema", func(t *testing.T, path string) {
			r := open(t, path)
			if err := r.file.writer.exec("PRAGMA user_version = 99"); err != nil {
				t.Fatal(err)
			}
		}, []string{"database"}, "has schema 99"},
		{"a spoilt record", func(t *testing.T, path string) {
			in := join(t, open(t, path), "g")
			spoil(t, path, registrytest.Record{ID: in.ID}, "beat", "many\x1b[31m")
		}, []string{"schema"}, "unreadable: 1"},
		{"a record of a newer version", func(t *testing.T, path string) {
			in := join(t, open(t, path), "g")
			spoil(t, path, registrytest.Record{ID: in.ID}, "schema", int64(77))
		}, []string{"schema"}, "has schema 77"},
		{"no index", func(t *testing.T, path string) {
			if err := open(t, path).file.writer.exec("DROP INDEX seniority"); err != nil {
				t.Fatal(err)
			}
		}, nil, "CREATE INDEX"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			tt.make(t, path)
			found := checkOf(t, t.Context(), path)
			wantErrors(t, found, tt.faults...)
			said := false
			for _, f := range found {
				said = said || strings.Contains(f.Detail+f.Cure, tt.says)
			}
			if !said {
				t.Errorf("nothing says %q", tt.says)
			}
		})
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	owner := open(t, path)
	join(t, owner, "g")
	if err := owner.file.writer.exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	r := openWith(t, path, Options{Access: registry.Look})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // of this step alone: the others take what they take
	defer cancel()
	if f := r.checkWriting(ctx); f.Mark != registry.Error || !errors.Is(f.Err, context.DeadlineExceeded) {
		t.Errorf("with the lock taken: %+v", f)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	said := false
	for _, f := range checkOf(t, gone, path) {
		said = said || f.Mark == registry.Error && errors.Is(f.Err, context.Canceled)
	}
	if !said {
		t.Error("all of it is as if its context had not ended")
	}
	if err := owner.file.writer.exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}
