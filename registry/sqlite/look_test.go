package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func openWith(t testing.TB, path string, o Options) *Registry {
	t.Helper()
	o.OrphanAfter = time.Minute
	r, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func closed(t testing.TB, r *Registry) {
	t.Helper()
	if err := r.Close(context.Background()); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// files are the names in a directory.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
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

func TestOnlyJoinMakesAFile(t *testing.T) {
	for name, o := range map[string]Options{"ask": {Access: registry.Ask}, "look": {Access: registry.Look}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dangling := filepath.Join(dir, "link.db")
			if err := os.Symlink(filepath.Join(dir, "nowhere.db"), dangling); err != nil {
				t.Skip(err)
			}
			for _, path := range []string{filepath.Join(dir, "registry.db"), filepath.Join(dir, "none", "registry.db"), dangling} {
				r, err := Open(t.Context(), path, o)
				if err == nil {
					_ = r.Close(t.Context())
				}
				if !errors.Is(err, ErrMissing) || !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v, want ErrMissing", path, err)
				}
			}
			if got := files(t, dir); !slices.Equal(got, []string{"link.db"}) {
				t.Errorf("it made %v", got)
			}
		})
	}
}

func TestAskAndLookMakeNoFileBeside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "registry.db")
	closed(t, open(t, path))
	if err := os.Remove(path + "-terms"); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), path, Options{Access: registry.Ask})
	if err == nil {
		closed(t, r)
		t.Error("Open: no error")
	}
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("la ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := Open(t.Context(), text, Options{Access: registry.Ask}); !errors.Is(err, registry.ErrCorrupt) {
		t.Errorf("Open of a text to ask: %v, %v", r, err)
	}
	closed(t, openWith(t, path, Options{Access: registry.Look}))
	if got := files(t, dir); !slices.Equal(got, []string{"registry.db"}) {
		t.Errorf("there are %v, want the database alone", got)
	}
}

func TestLookLeavesAClosedFileAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "registry.db")
	owner := open(t, path)
	in := join(t, owner, "g")
	beginTerm(t, owner, 1, in)
	closed(t, owner)
	before, data := files(t, dir), content(t, path)

	r := openWith(t, path, Options{Access: registry.Look})
	wantTerm(t, r, 1)
	if _, err := r.Beat(t.Context(), in.ID, in.Status); !errors.Is(err, registry.ErrReadOnly) {
		t.Errorf("Beat: %v, want ErrReadOnly", err)
	}
	if err := r.RequestHandover(t.Context(), "g", 1, in.ID); !errors.Is(err, registry.ErrReadOnly) {
		t.Errorf("RequestHandover: %v, want ErrReadOnly", err)
	}
	if got := files(t, dir); !slices.Equal(got, before) {
		t.Errorf("while it is open there are %v, before there were %v", got, before)
	}
	closed(t, r)
	if got := files(t, dir); !slices.Equal(got, before) || content(t, path) != data {
		t.Errorf("it left %v, before there were %v, or changed the file", got, before)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Whoever comes and goes, one who only looks sees what is there now.
func TestLookFollowsThoseWhoWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	first := open(t, path)
	in := join(t, first, "g")
	beginTerm(t, first, 1, in)
	r := openWith(t, path, Options{Access: registry.Look})
	wantTerm(t, r, 1)
	beginTerm(t, first, 2, in)
	wantTerm(t, r, 2)
	closed(t, first)
	wantTerm(t, r, 2)

	second := open(t, path)
	beginTerm(t, second, 3, in)
	wantTerm(t, r, 3)
	closed(t, second)
	closed(t, r)

	// Now it begins with a file that nobody has open.
	closed(t, open(t, path)) // takes over the log that the last one left
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the file is not closed: %v", err)
	}
	r = openWith(t, path, Options{Access: registry.Look})
	wantTerm(t, r, 3)
	third := open(t, path)
	beginTerm(t, third, 4, in)
	wantTerm(t, r, 4)
	closed(t, r)
	r = openWith(t, path, Options{Access: registry.Look})
	wantTerm(t, r, 4)
	closed(t, third)
	closed(t, r)
	closed(t, open(t, path))

	r = openWith(t, path, Options{Access: registry.Look})
	wantTerm(t, r, 4)
	fourth := open(t, path)
	beginTerm(t, fourth, 5, in)
	closed(t, fourth) // the file has no log, as before
	wantTerm(t, r, 5)
}

func TestLookSeesThatTheFileIsGone(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "registry.db")
	owner := open(t, path)
	join(t, owner, "g")
	r := openWith(t, path, Options{Access: registry.Look})
	for _, name := range files(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.View(t.Context(), "g"); !errors.Is(err, ErrMissing) {
		t.Errorf("View: %v, want ErrMissing", err)
	}
	beginTerm(t, owner, 1, join(t, owner, "g")) // makes it anew
	wantTerm(t, r, 1)
}

func TestLookWatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	owner := open(t, path)
	in := join(t, owner, "g")
	r := openWith(t, path, Options{Access: registry.Look})
	changes, err := r.Watch(t.Context(), "g")
	if errors.Is(err, registry.ErrNoWatch) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	beginTerm(t, owner, 1, in)
	select {
	case <-changes:
	case <-time.After(30 * time.Second):
		t.Error("no notice of a new term")
	}
}

// An empty file is one that an instance is about to fill.
func TestLookTakesAnEmptyFileForNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{Access: registry.Look}); !errors.Is(err, ErrMissing) {
		t.Errorf("Open: %v, want ErrMissing", err)
	}
}
