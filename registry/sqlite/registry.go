package sqlite

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/store/sqlitestore"
	"github.com/understudy-go/understudy/registry"
)

// Options are what Open needs to know besides the path.
type Options struct {
	// OrphanAfter is after how long a silent instance is an orphan. This process is
	// killed when it is frozen inside a write transaction for a quarter of that.
	// Zero: never.
	OrphanAfter time.Duration
	// Access is what the file is opened for. Only [registry.Join] creates a file. With
	// [registry.Look], the right to read it is enough.
	Access registry.Access
	// MakeDirectory has the file's directory made, for this user alone, where it is
	// missing. Otherwise a missing directory is ErrPath: the path may have a mistake
	// in it, and another registry would begin there.
	MakeDirectory bool
}

// Registry is a registry in a SQLite file. It has all of [registry.Registry]
// and [registry.Admin].
type Registry struct {
	file *sqlitefile.File
	jobs *sqlitestore.Store // it remembers in which file its tables were found
	// homes has the generation of the file in which each instance was first seen. Only
	// write transactions use it.
	homes map[uuid.UUID]int64
	// prepared is the generation of the file whose statements of a takeover are prepared.
	// Only write transactions use it.
	prepared int64
	// silence is the generation of the file whose terms have the column silence, or 0.
	silence atomic.Int64
}

var _ registry.Backend = (*Registry)(nil)

// Open opens the registry in the file at path. A missing file is created with
// [registry.Join] and is ErrMissing otherwise; its directory is made only if that is
// wanted. Open refuses a file that is not a registry (ErrCorrupt), one of a newer
// version (ErrSchema), one that cannot be written (ErrRefused), and a path that
// several processes cannot share (ErrPath): on a network file system, or a file that
// is mounted by itself or has several names.
func Open(ctx context.Context, path string, o Options) (*Registry, error) {
	file, err := sqlitefile.Open(ctx, path, o.forFile())
	if err != nil {
		return nil, fmt.Errorf("open: %w", contractError(err))
	}
	return newRegistry(file), nil
}

// forFile returns the options with which the file is opened.
func (o Options) forFile() sqlitefile.Options {
	return sqlitefile.Options{
		Schema:        schema,
		Access:        accesses[o.Access],
		MakeDirectory: o.MakeDirectory,
		KillAfter:     o.OrphanAfter / 4,
	}
}

var accesses = map[registry.Access]sqlitefile.Access{
	registry.Join: sqlitefile.Create,
	registry.Ask:  sqlitefile.Write,
	registry.Look: sqlitefile.ReadOnly,
}

func newRegistry(file *sqlitefile.File) *Registry {
	r := &Registry{file: file, homes: map[uuid.UUID]int64{}}
	r.jobs = sqlitestore.New(file, r.explain)
	return r
}

// Close ends all watches and closes the file, once the calls that are under way
// have ended. If ctx ends before that, the file is closed later.
func (r *Registry) Close(ctx context.Context) error {
	if err := r.file.Close(ctx); err != nil {
		return fmt.Errorf("close: %w", contractError(err))
	}
	return nil
}

// Jobs returns the jobs and runs that are kept in the same file. They are closed with the
// registry.
func (r *Registry) Jobs() store.Store { return r.jobs }

// now is the registry's clock, as precise as it is stored.
func now() time.Time { return time.Now().Truncate(time.Microsecond).UTC() }
