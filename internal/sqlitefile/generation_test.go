package sqlitefile

import (
	"os"
	"path/filepath"
	"testing"
)

func generation(t *testing.T, f *File) int64 {
	t.Helper()
	n, err := Read(t.Context(), f, func(c *Conn) (int64, error) { return c.Generation(), nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Only what may lose a commit begins another generation.
func TestConn_GenerationGrowsWithTheFilesAtThePath(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows neither removes nor truncates a file that is open")
	}
	path := filepath.Join(t.TempDir(), "shared.db")
	f := open(t, path)
	set(t, f, 1)
	before := generation(t, f)
	if err := os.Truncate(path+"-shm", 0); err != nil {
		t.Fatal(err)
	}
	want(t, f, 1)
	if got := generation(t, f); got != before {
		t.Errorf("with a truncated WAL index: generation %d, before it was %d", got, before)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	want(t, f, 0)
	if got := generation(t, f); got <= before {
		t.Errorf("with a removed file: generation %d, before it was %d", got, before)
	}
}
