package sqlitefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/testkit"
)

func TestOpen_OnlyCreateMakesAFile(t *testing.T) {
	for name, o := range map[string]Options{"write": {Schema: testSchema, Access: Write}, "read": {Schema: testSchema, Access: ReadOnly}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dangling := filepath.Join(dir, "link.db")
			if err := os.Symlink(filepath.Join(dir, "nowhere.db"), dangling); err != nil {
				t.Skip(err)
			}
			for _, path := range []string{filepath.Join(dir, "shared.db"), filepath.Join(dir, "none", "shared.db"), dangling} {
				f, err := Open(t.Context(), path, o)
				if err == nil {
					_ = f.Close(t.Context())
				}
				if !errors.Is(err, ErrMissing) || !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v, want ErrMissing", path, err)
				}
			}
			if got := testkit.Names(t, dir); !slices.Equal(got, []string{"link.db"}) {
				t.Errorf("it made %v", got)
			}
		})
	}
}

func TestOpen_WriteAndReadOnlyMakeNoFileBeside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shared.db")
	closeFile(t, open(t, path))
	if err := os.Remove(path + "-notices"); err != nil {
		t.Fatal(err)
	}
	f, err := Open(t.Context(), path, Options{Schema: testSchema, Access: Write})
	if err == nil {
		closeFile(t, f)
		t.Error("Open: no error")
	}
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("la ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Open(t.Context(), text, Options{Schema: testSchema, Access: Write}); !errors.Is(err, ErrForeign) {
		t.Errorf("Open of a text to write: %v, %v", f, err)
	}
	closeFile(t, openWith(t, path, Options{Access: ReadOnly}))
	if got := testkit.Names(t, dir); !slices.Equal(got, []string{"shared.db"}) {
		t.Errorf("there are %v, want the database alone", got)
	}
}

func TestReadOnly_LeavesAClosedFileAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shared.db")
	owner := open(t, path)
	set(t, owner, 1)
	closeFile(t, owner)
	before, data := testkit.Names(t, dir), content(t, path)

	r := openWith(t, path, Options{Access: ReadOnly})
	want(t, r, 1)
	for _, d := range []Durability{Relaxed, Durable} {
		if err := store(t.Context(), r, d, "x", 2); !errors.Is(err, ErrReadOnly) {
			t.Errorf("Commit: %v, want ErrReadOnly", err)
		}
	}
	if got := testkit.Names(t, dir); !slices.Equal(got, before) {
		t.Errorf("while it is open there are %v, before there were %v", got, before)
	}
	closeFile(t, r)
	if got := testkit.Names(t, dir); !slices.Equal(got, before) || content(t, path) != data {
		t.Errorf("it left %v, before there were %v, or changed the file", got, before)
	}
}

// Whichever writers come and go, a reader sees what is there now.
func TestReadOnly_FollowsTheWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	first := open(t, path)
	set(t, first, 1)
	r := openWith(t, path, Options{Access: ReadOnly})
	want(t, r, 1)
	set(t, first, 2)
	want(t, r, 2)
	closeFile(t, first)
	want(t, r, 2)

	second := open(t, path)
	set(t, second, 3)
	want(t, r, 3)
	closeFile(t, second)
	closeFile(t, r)

	// Now it begins with a file that no process has open.
	closeFile(t, open(t, path)) // checkpoints the WAL that the last one left
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the file is not closed: %v", err)
	}
	r = openWith(t, path, Options{Access: ReadOnly})
	want(t, r, 3)
	third := open(t, path)
	set(t, third, 4)
	want(t, r, 4)
	closeFile(t, r)
	r = openWith(t, path, Options{Access: ReadOnly})
	want(t, r, 4)
	closeFile(t, third)
	closeFile(t, r)
	closeFile(t, open(t, path))

	r = openWith(t, path, Options{Access: ReadOnly})
	want(t, r, 4)
	fourth := open(t, path)
	set(t, fourth, 5)
	closeFile(t, fourth) // the file has no WAL, as before
	want(t, r, 5)
}

func TestReadOnly_SeesThatTheFileIsGone(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "shared.db")
	owner := open(t, path)
	set(t, owner, 7)
	r := openWith(t, path, Options{Access: ReadOnly})
	for _, name := range testkit.Names(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := load(t.Context(), r, "x"); !errors.Is(err, ErrMissing) {
		t.Errorf("Read: %v, want ErrMissing", err)
	}
	set(t, owner, 1) // makes a new one
	want(t, r, 1)
}

// An empty file is one that another process is about to fill.
func TestReadOnly_TakesAnEmptyFileForNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{Schema: testSchema, Access: ReadOnly}); !errors.Is(err, ErrMissing) {
		t.Errorf("Open: %v, want ErrMissing", err)
	}
}
