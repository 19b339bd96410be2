package sqlite

import (
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/registry"
)

var (
	// ErrPath says that no registry can be at the path.
	ErrPath = sqlitefile.ErrPath
	// ErrMissing says that there is no file at the path, and that none was to be made.
	ErrMissing = sqlitefile.ErrMissing
)

// kinds are the errors of a file, each with the error of the contract that says the
// same of a registry.
var kinds = []struct{ file, registry error }{
	{sqlitefile.ErrForeign, registry.ErrCorrupt},
	{sqlitefile.ErrDamaged, registry.ErrCorrupt},
	{sqlitefile.ErrNewer, registry.ErrSchema},
	{sqlitefile.ErrRefused, registry.ErrRefused},
	{sqlitefile.ErrReadOnly, registry.ErrReadOnly},
	{sqlitefile.ErrClosed, registry.ErrClosed},
	{sqlitefile.ErrNoWatch, registry.ErrNoWatch},
}

// contractError makes an error of the contract from one of the file.
func contractError(err error) error {
	switch {
	case errors.Is(err, sqlitefile.ErrMissing):
		return fmt.Errorf("no instance has run with this configuration yet: %w", err)
	case errors.Is(err, sqlitefile.ErrNetwork):
		if advised, ok := errors.AsType[*sqlitefile.AdvisedError](err); ok {
			cure := advised.Cure + ", or use MongoDB: with this file, two machines could both be active"
			return &sqlitefile.AdvisedError{Err: advised.Err, Cure: cure}
		}
	}
	for _, k := range kinds {
		if errors.Is(err, k.file) {
			return kindError{err, k.registry}
		}
	}
	return err
}

// kindError is an error that is of one more kind.
type kindError struct {
	error
	kind error
}

func (e kindError) Unwrap() []error { return []error{e.error, e.kind} }
