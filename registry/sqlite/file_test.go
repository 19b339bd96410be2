package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func newInstance(t testing.TB, group string) registry.Instance {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return registry.Instance{ID: id, Group: group, Interval: time.Second, OrphanAfter: time.Minute,
		Status: registry.Status{Role: registry.Passive, Candidate: true}}
}

func join(t testing.TB, r *Registry, group string) registry.Instance {
	t.Helper()
	in := newInstance(t, group)
	if _, err := r.Register(t.Context(), in); err != nil {
		t.Fatalf("Register: %v", err)
	}
	return in
}

func TestOpenCreatesTheFileForThisUserAlone(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows has no file modes")
	}
	path := filepath.Join(t.TempDir(), "a", "b", "registry.db")
	join(t, open(t, path), "g")
	for name, want := range map[string]os.FileMode{
		filepath.Dir(filepath.Dir(path)): 0o700, filepath.Dir(path): 0o700,
		path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + "-terms": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

// A directory that is made for a mistyped path holds another registry.
func TestOpenMakesADirectoryOnlyIfThatIsWanted(t *testing.T) {
	above := t.TempDir()
	path := filepath.Join(above, "a", "b", "registry.db")
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), path+": its directory is not there") {
		t.Errorf("got %v, want ErrPath", err)
	}
	if left, err := os.ReadDir(above); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}

	// Neither is it made again under a registry that is open.
	path = filepath.Join(above, "registry.db")
	r, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	if os.PathSeparator == '\\' {
		return // Windows does not let go of a file that is open
	}
	if err := os.RemoveAll(above); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Register(t.Context(), newInstance(t, "g")); !errors.Is(err, ErrPath) {
		t.Errorf("Register without a directory: %v, want ErrPath", err)
	}
	if err := os.Mkdir(above, 0o700); err != nil {
		t.Fatal(err)
	}
	join(t, r, "g")
}

func TestOpenTakesOddPaths(t *testing.T) {
	for _, name := range []string{"a b.db", "ö🎭.db", "100%25.db", "a?mode=memory.db", "a#b.db", "'\";--.db", "file:x", "_pragma=x&y=z", ":memory:"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if os.PathSeparator == '\\' && strings.ContainsAny(name, `:?"`) {
				t.Skip("no file name on Windows")
			}
			in := join(t, open(t, path), "g")
			if _, err := os.Stat(path); err != nil {
				t.Fatal(err)
			}
			if _, err := open(t, path).Beat(t.Context(), in.ID, in.Status); err != nil {
				t.Errorf("Beat by another: %v", err)
			}
		})
	}
}

func TestSymbolicLinksLeadToOneRegistry(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "real", "registry.db")
	in := join(t, open(t, path), "g")
	file, folder := filepath.Join(dir, "link.db"), filepath.Join(dir, "folder")
	if err := errors.Join(os.Symlink(path, file), os.Symlink(filepath.Dir(path), folder)); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	for _, link := range []string{file, filepath.Join(folder, "registry.db")} {
		r := open(t, link)
		if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
			t.Errorf("%s: Beat: %v", link, err)
		}
		if want := open(t, path).noticePath(); r.noticePath() != want {
			t.Errorf("%s: notices go to %s, want %s", link, r.noticePath(), want)
		}
	}
}

// What cannot be a registry is refused with one clear error, and left alone.
func TestOpenRefuses(t *testing.T) {
	write := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	statement := func(ours bool, text string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if ours {
				r, err := Open(t.Context(), path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				join(t, r, "g")
				if err := r.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		is   error
		says string
	}{
		{"a directory", func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, ErrPath, "is a directory"},
		{"a link to nowhere", func(t *testing.T, path string) {
			if err := os.Symlink(filepath.Join(t.TempDir(), "none", "registry.db"), path); err != nil {
				t.Skipf("no symbolic links here: %v", err)
			}
		}, ErrPath, "is a link to what is not there"},
		{"a file with two names", func(t *testing.T, path string) {
			if runtime.GOOS != "linux" {
				t.Skip("not looked for here")
			}
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Link(path, path+".too")); err != nil {
				t.Fatal(err)
			}
		}, ErrPath, "has 2 names"},
		{"a text", write("I am a text, and no database by any means.\n" + strings.Repeat("la ", 2000)), registry.ErrCorrupt, "no SQLite database"},
		{"a short text", write("x"), registry.ErrCorrupt, "no SQLite database"},
		{"a newer schema", statement(true, "PRAGMA user_version = 2"), registry.ErrSchema, "upgrade"},
		{"a schema below ours", statement(true, "PRAGMA user_version = -1"), registry.ErrCorrupt, "another program"},
		{"another program's", statement(false, "CREATE TABLE t (a)"), registry.ErrCorrupt, "another program"},
		{"another program's, versioned", statement(false, "PRAGMA user_version = 1"), registry.ErrCorrupt, "another program"},
		{"tables that are missing", statement(true, "DROP TABLE terms"), nil, "no such table"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			tt.make(t, path)
			before, _ := os.ReadFile(path)
			r, err := Open(t.Context(), path, Options{})
			if err == nil {
				_, err = r.View(t.Context(), "g")
				_ = r.Close(t.Context())
			}
			if err == nil {
				t.Fatal("no error")
			}
			if tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %q, want that it names the path, says %q, and is %v", err, tt.says, tt.is)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("it has more than one line: %q", err)
			}
			t.Log(err)
			if after, _ := os.ReadFile(path); string(before) != string(after) {
				t.Error("the file was changed")
			}
		})
	}

	t.Run("an empty path", func(t *testing.T) {
		if _, err := Open(t.Context(), "", Options{}); !errors.Is(err, ErrPath) {
			t.Errorf("got %v, want ErrPath", err)
		}
	})
	t.Run("a parent that is a file", func(t *testing.T) {
		parent := filepath.Join(t.TempDir(), "file")
		write("x")(t, parent)
		if _, err := Open(t.Context(), filepath.Join(parent, "registry.db"), Options{}); err == nil || !strings.Contains(err.Error(), parent) {
			t.Errorf("got %v, want an error with the path", err)
		}
	})
}

func TestOpenTakesAnEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	join(t, open(t, path), "g")
}
