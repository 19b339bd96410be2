package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

func TestContractError_SaysTheSameInTheWordsOfTheContract(t *testing.T) {
	for _, tt := range []struct{ file, want error }{
		{sqlitefile.ErrForeign, registry.ErrCorrupt},
		{sqlitefile.ErrDamaged, registry.ErrCorrupt},
		{sqlitefile.ErrNewer, registry.ErrSchema},
		{sqlitefile.ErrRefused, registry.ErrRefused},
		{sqlitefile.ErrReadOnly, registry.ErrReadOnly},
		{sqlitefile.ErrClosed, registry.ErrClosed},
		{sqlitefile.ErrNoWatch, registry.ErrNoWatch},
		{sqlitefile.ErrPath, ErrPath},
		{sqlitefile.ErrMissing, ErrMissing},
		{sqlitefile.ErrMissing, fs.ErrNotExist},
	} {
		err := contractError(fmt.Errorf("sqlite: x: %w: y", tt.file))
		if !errors.Is(err, tt.want) || !errors.Is(err, tt.file) || !strings.Contains(err.Error(), "sqlite: x: ") {
			t.Errorf("%v became %v, want that it is %v", tt.file, err, tt.want)
		}
	}
	if err := contractError(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestContractError_NetworkFileSystemNamesTheOtherBackend(t *testing.T) {
	err := contractError(&sqlitefile.AdvisedError{Err: fmt.Errorf("%w: x", sqlitefile.ErrNetwork), Cure: "name a file on a local disk"})
	if !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), "name a file on a local disk, or use MongoDB") {
		t.Errorf("got %v, want ErrPath and that MongoDB will do", err)
	}
}

// What cannot be a registry is refused with an error of the contract, which names the
// path.
func TestOpen_RefusesWhatIsNoRegistry(t *testing.T) {
	ours := func(text string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			closeRegistry(t, open(t, path))
			testkit.SQL(t, path, text)
		}
	}
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		is   error
	}{
		{"a directory", func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, ErrPath},
		{"a text", func(t *testing.T, path string) { _ = os.WriteFile(path, []byte("x"), 0o600) }, registry.ErrCorrupt},
		{"another program's", func(t *testing.T, path string) { testkit.SQL(t, path, "CREATE TABLE t (a)") }, registry.ErrCorrupt},
		{"a newer schema", ours("PRAGMA user_version = 2"), registry.ErrSchema},
		{"tables that are missing", ours("DROP TABLE terms"), registry.ErrRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			tt.make(t, path)
			r, err := Open(t.Context(), path, Options{})
			if err == nil {
				_, err = r.View(t.Context(), "g")
				_ = r.Close(t.Context())
			}
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v and the path", err, tt.is)
			}
		})
	}
}
