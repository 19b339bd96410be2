package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
)

// A process that is frozen inside a write transaction locks all others out. It has to
// be gone long before a peer counts it as an orphan.
func TestOptions_FrozenWriterIsKilledAfterAQuarterOfOrphanAfter(t *testing.T) {
	for orphanAfter, want := range map[time.Duration]time.Duration{0: 0, time.Minute: 15 * time.Second} {
		if got := (Options{OrphanAfter: orphanAfter}).forFile().KillAfter; got != want {
			t.Errorf("orphan after %v: killed after %v, want %v", orphanAfter, got, want)
		}
	}
}

func TestOptions_OnlyJoinCreatesAFile(t *testing.T) {
	for access, want := range map[registry.Access]sqlitefile.Access{
		registry.Join: sqlitefile.Create, registry.Ask: sqlitefile.Write, registry.Look: sqlitefile.ReadOnly,
	} {
		if got := (Options{Access: access}).forFile().Access; got != want {
			t.Errorf("access %v: the file is opened with %v, want %v", access, got, want)
		}
	}
	for _, wanted := range []bool{false, true} {
		if got := (Options{MakeDirectory: wanted}).forFile().MakeDirectory; got != wanted {
			t.Errorf("make the directory: %v, want %v", got, wanted)
		}
	}
}

func TestOpen_MissingFileIsErrMissingForAllButInstances(t *testing.T) {
	for name, access := range map[string]registry.Access{"ask": registry.Ask, "look": registry.Look} {
		path := filepath.Join(t.TempDir(), "registry.db")
		_, err := Open(t.Context(), path, Options{Access: access})
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "no instance has run with this configuration yet") {
			t.Errorf("Open to %s: %v; want ErrMissing, the path, and that no instance has run", name, err)
		}
	}
}

// Older versions lock and write the same file beside the database.
func TestOpen_NoticesGoWhereOlderVersionsExpectThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	if got, want := r.file.NoticePath(), r.file.Path()+"-terms"; got != want {
		t.Errorf("notices go to %s, want %s", got, want)
	}
	if _, err := os.Stat(path + "-terms"); err != nil {
		t.Error(err)
	}
}
