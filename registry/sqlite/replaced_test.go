package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// However the file goes away under an open registry, its instances learn that they are
// not registered, and can register in the file that is there now.
func TestBeat_ReplacedFileIsNotRegistered(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not let go of a file that is open")
	}
	must := func(t *testing.T, errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
	}{
		{"removed", func(t *testing.T, path string) { must(t, os.Remove(path)) }},
		{"removed with all its files", func(t *testing.T, path string) {
			must(t, os.Remove(path), os.Remove(path+"-wal"), os.Remove(path+"-shm"), os.Remove(path+"-terms"))
		}},
		{"removed with its directory", func(t *testing.T, path string) { must(t, os.RemoveAll(filepath.Dir(path))) }},
		{"moved away", func(t *testing.T, path string) { must(t, os.Rename(path, path+".old")) }},
		{"replaced by a new one", func(t *testing.T, path string) {
			other := path + ".new"
			r := open(t, other)
			join(t, r, "other")
			must(t, r.Close(t.Context()), os.Remove(path+"-wal"), os.Remove(path+"-shm"), os.Rename(other, path))
		}},
		{"replaced by a copy that has the record", func(t *testing.T, path string) {
			testkit.SQL(t, path, "PRAGMA wal_checkpoint(TRUNCATE)")
			copied, err := os.ReadFile(path) // drops the locks, which are not needed any more
			must(t, err, os.WriteFile(path+".copy", copied, 0o600),
				os.Remove(path+"-wal"), os.Remove(path+"-shm"), os.Rename(path+".copy", path))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "registry.db")
			a, b := open(t, path), open(t, path)
			first, second := join(t, a, "g"), join(t, b, "g")
			if _, err := a.Beat(t.Context(), first.ID, first.Status); err != nil {
				t.Fatal(err)
			}
			if err := a.BeginTerm(t.Context(), registry.Term{Group: "g", Number: 1, Holder: first.ID}); err != nil {
				t.Fatal(err)
			}
			tt.make(t, path)

			// Whichever call notices it, the next beat of each of them is refused.
			if _, err := b.View(t.Context(), "g"); err != nil {
				t.Errorf("View: %v", err)
			}
			for range 2 {
				if _, err := a.Beat(t.Context(), first.ID, first.Status); !errors.Is(err, registry.ErrNotRegistered) {
					t.Errorf("Beat: %v, want ErrNotRegistered", err)
				}
				if _, err := b.Beat(t.Context(), second.ID, second.Status); !errors.Is(err, registry.ErrNotRegistered) {
					t.Errorf("Beat: %v, want ErrNotRegistered", err)
				}
			}
			third, fourth := join(t, a, "g"), join(t, b, "g")
			for _, in := range []registry.Instance{third, fourth} {
				for _, r := range []*Registry{a, b, open(t, path)} {
					if _, err := r.Beat(t.Context(), in.ID, in.Status); err != nil {
						t.Errorf("Beat in the new file: %v", err)
					}
				}
			}
			if err := b.BeginTerm(t.Context(), registry.Term{Group: "new", Number: 1, Holder: fourth.ID}); err != nil {
				t.Errorf("BeginTerm in the new file: %v", err)
			}
			if v, err := a.View(t.Context(), "new"); err != nil || v.Latest == nil || v.Holder == nil {
				t.Errorf("View by the other: %+v, %v", v, err)
			}
		})
	}
}

// A link to a directory that is turned to another one leads away from the file as
// surely as if the file had been removed.
func TestBeat_LinkTurnedElsewhereIsNotRegistered(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "current")
	turn := func(to string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, to), 0o700); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(link)
		if err := os.Symlink(to, link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	turn("one")
	path := filepath.Join(link, "registry.db")
	a := open(t, path)
	first := join(t, a, "g")
	watch, err := a.Watch(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	turn("two")
	second := join(t, open(t, path), "g")
	for range 2 {
		if _, err := a.Beat(t.Context(), first.ID, first.Status); !errors.Is(err, registry.ErrNotRegistered) {
			t.Errorf("Beat: %v, want ErrNotRegistered", err)
		}
	}
	for range watch { // its end tells the watcher as well
	}
	if _, err := a.Beat(t.Context(), second.ID, second.Status); err != nil {
		t.Errorf("Beat where the link leads to now: %v", err)
	}
}
