package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry/finding"
)

func TestCheck_PathWithoutItsDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "registry.db")
	if f := Check(t.Context(), path, Options{})[0]; f.Mark != finding.MarkError || !errors.Is(f.Err, ErrPath) || !strings.Contains(f.Detail, "its directory does not exist") {
		t.Errorf("%+v, want ErrPath", f)
	}
	if f := Check(t.Context(), path, Options{MakeDirectory: true})[0]; f.Mark != finding.MarkOK {
		t.Errorf("with one to be made: %+v", f)
	}
}

func TestCheck_PathThatIsTooLong(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the limit is another on Windows")
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		length int
		fits   bool
	}{{504, true}, {505, false}, {1000, false}} {
		path := dir
		for len(path) < tt.length-200 {
			path = filepath.Join(path, strings.Repeat("d", 100))
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(path, strings.Repeat("f", tt.length-len(path)-1))
		f := checkOf(t, t.Context(), path)["file"]
		if (f.Mark == finding.MarkOK) != tt.fits || !tt.fits && !errors.Is(f.Err, ErrPath) {
			t.Errorf("a path of %d bytes: %+v", len(path), f)
		}
		r, err := Open(t.Context(), path, Options{OrphanAfter: time.Minute})
		if (err == nil) != tt.fits {
			t.Errorf("Open of a path of %d bytes: %v", len(path), err)
		}
		if err == nil {
			closeRegistry(t, r)
		}
	}
}
