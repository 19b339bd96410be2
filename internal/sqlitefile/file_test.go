package sqlitefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/testkit"
)

func TestOpen_CreatesTheFileForThisUserAlone(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows has no file modes")
	}
	path := filepath.Join(t.TempDir(), "a", "b", "shared.db")
	set(t, open(t, path), 1)
	for name, want := range map[string]os.FileMode{
		filepath.Dir(filepath.Dir(path)): 0o700, filepath.Dir(path): 0o700,
		path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, path + "-notices": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

// A directory that is made for a mistyped path would hold another file.
func TestOpen_MakesADirectoryOnlyIfThatIsWanted(t *testing.T) {
	above := t.TempDir()
	path := filepath.Join(above, "a", "b", "shared.db")
	if _, err := Open(t.Context(), path, Options{Schema: testSchema}); !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), path+": its directory does not exist") {
		t.Errorf("got %v, want ErrPath", err)
	}
	if left, err := os.ReadDir(above); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}

	// Neither is it made again under a file that is open.
	f := openWith(t, filepath.Join(above, "shared.db"), Options{})
	if os.PathSeparator == '\\' {
		return // Windows does not let go of a file that is open
	}
	if err := os.RemoveAll(above); err != nil {
		t.Fatal(err)
	}
	if err := store(t.Context(), f, Relaxed, "x", 1); !errors.Is(err, ErrPath) {
		t.Errorf("Commit without a directory: %v, want ErrPath", err)
	}
	if err := os.Mkdir(above, 0o700); err != nil {
		t.Fatal(err)
	}
	set(t, f, 1)
}

func TestOpen_TakesOddPaths(t *testing.T) {
	for _, name := range []string{"a b.db", "ö🎭.db", "100%25.db", "a?mode=memory.db", "a#b.db", "'\";--.db", "file:x", "_pragma=x&y=z", ":memory:"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if os.PathSeparator == '\\' && strings.ContainsAny(name, `:?"`) {
				t.Skip("no file name on Windows")
			}
			set(t, open(t, path), 7)
			if _, err := os.Stat(path); err != nil {
				t.Fatal(err)
			}
			want(t, open(t, path), 7)
		})
	}
}

func TestOpen_SymbolicLinksLeadToOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "real", "shared.db")
	set(t, open(t, path), 7)
	file, folder := filepath.Join(dir, "link.db"), filepath.Join(dir, "folder")
	if err := errors.Join(os.Symlink(path, file), os.Symlink(filepath.Dir(path), folder)); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	for _, link := range []string{file, filepath.Join(folder, "shared.db")} {
		f := open(t, link)
		want(t, f, 7)
		if path := open(t, path).NoticePath(); f.NoticePath() != path {
			t.Errorf("%s: notices go to %s, want %s", link, f.NoticePath(), path)
		}
	}
}

// What several processes cannot share is refused with one clear error, and not
// changed.
func TestOpen_RefusesWhatCannotBeShared(t *testing.T) {
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
				f := open(t, path)
				set(t, f, 1)
				closeFile(t, f)
			}
			testkit.SQL(t, path, text)
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
			if err := os.Symlink(filepath.Join(t.TempDir(), "none", "shared.db"), path); err != nil {
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
		{"a text", write("I am a text, and no database by any means.\n" + strings.Repeat("la ", 2000)), ErrForeign, "no SQLite database"},
		{"a short text", write("x"), ErrForeign, "no SQLite database"},
		{"a newer schema", statement(true, "PRAGMA user_version = 2"), ErrNewer, "upgrade"},
		{"a schema below ours", statement(true, "PRAGMA user_version = -1"), ErrForeign, "another program"},
		{"another program's", statement(false, "CREATE TABLE t (a)"), ErrForeign, "another program"},
		{"another program's, versioned", statement(false, "PRAGMA user_version = 1"), ErrForeign, "another program"},
		{"tables that are missing", statement(true, "DROP TABLE numbers"), ErrRefused, "no such table"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "shared.db")
			tt.make(t, path)
			before, _ := os.ReadFile(path)
			f, err := Open(t.Context(), path, Options{Schema: testSchema})
			if err == nil {
				_, err = load(t.Context(), f, "x")
				_ = f.Close(t.Context())
			}
			if err == nil {
				t.Fatal("no error")
			}
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) {
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
		if _, err := Open(t.Context(), "", Options{Schema: testSchema}); !errors.Is(err, ErrPath) {
			t.Errorf("got %v, want ErrPath", err)
		}
	})
	t.Run("a parent that is a file", func(t *testing.T) {
		parent := filepath.Join(t.TempDir(), "file")
		write("x")(t, parent)
		if _, err := Open(t.Context(), filepath.Join(parent, "shared.db"), Options{Schema: testSchema}); err == nil || !strings.Contains(err.Error(), parent) {
			t.Errorf("got %v, want an error with the path", err)
		}
	})
}

func TestOpen_TakesAnEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	set(t, open(t, path), 1)
}

func TestOpen_RefusesAPathThatIsTooLong(t *testing.T) {
	dir := t.TempDir()
	for len(dir) < longestPath-110 {
		dir = filepath.Join(dir, strings.Repeat("d", 100))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	longest := filepath.Join(dir, strings.Repeat("f", longestPath-len(dir)-1))
	set(t, open(t, longest), 7)
	want(t, open(t, longest), 7)
	_, err := Open(t.Context(), longest+"f", Options{Schema: testSchema})
	if !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), fmt.Sprint(longestPath+1)) || !strings.Contains(err.Error(), fmt.Sprint(longestPath)) {
		t.Errorf("Open: %v; want ErrPath, how long it is, and how long it may be", err)
	}
}
