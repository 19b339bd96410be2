package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// Both are ErrCorrupt. The time tells a file that cannot be read from one of whose
// records some cannot be read: only then the others are returned.
func TestInstances_TimeIsZeroIfTheFileCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	r := open(t, path)
	in := join(t, r, "g")
	beginTerm(t, r, 1, in)
	join(t, r, "g")
	testkit.SQL(t, path, `UPDATE instances SET beat = 'many' WHERE id <> '`+in.ID.String()+`'`)
	list, at, err := r.Instances(t.Context(), "g")
	if !errors.Is(err, registry.ErrCorrupt) || len(list) != 1 || at.IsZero() {
		t.Errorf("with a record that cannot be read: %v, %v, %v; want the other one, the time, and ErrCorrupt", list, at, err)
	}

	page, err := reading(t.Context(), r, func(c *conn) (page int64, err error) {
		err = c.Scan(`SELECT rootpage FROM sqlite_schema WHERE name = 'instances'`, &page)
		return page, err
	})
	if err != nil {
		t.Fatal(err)
	}
	closeRegistry(t, r)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const pageSize = 4096
	_, err = f.WriteAt(bytes.Repeat([]byte{0x5a}, pageSize), (page-1)*pageSize)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	r = openWith(t, path, Options{Access: registry.Look})
	list, at, err = r.Instances(t.Context(), "g")
	if !errors.Is(err, registry.ErrCorrupt) || len(list) != 0 || !at.IsZero() {
		t.Errorf("with a damaged page: %v, %v, %v; want ErrCorrupt alone", list, at, err)
	}
	if terms, err := r.Terms(t.Context(), "g", 1); err != nil || len(terms) != 1 {
		t.Errorf("Terms: %v, %v; want the one that is there", terms, err)
	}
}
