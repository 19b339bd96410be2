package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/finding"
)

// code is SQLite's primary result code, 0 for any other error.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// absent reports whether an error says that there is nothing at a path, for sure.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// statSame returns errReplaced if there is nothing at the path, or another file
// than before. Any other error leaves that open.
func statSame(path string, before os.FileInfo) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case absent(err), err == nil && !os.SameFile(info, before):
		return nil, errReplaced
	case err != nil:
		return nil, untold(path, err)
	}
	return info, nil
}

// untold says that it cannot be told now whether a file is still there.
func untold(path string, err error) error {
	return fmt.Errorf("sqlite: whether %s is still there cannot be told: %w: give this user the right to search its directories", path, err)
}

// busy reports whether err says that another was in the way, and nothing was
// done.
func busy(err error) bool {
	if errors.Is(err, errMoving) {
		return true
	}
	switch code(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return true
	}
	return false
}

// errMoving says that the file cannot be opened before others have left the one
// that was at the path, which they do at their next call.
var errMoving = errors.New("it was removed or replaced, in part or as a whole, and is in use")

// foreignIndex reports whether err says that the index, which others have open,
// is that of another log.
func foreignIndex(err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ
}

// moved reports whether SQLite found that its file is not at the path any more. The
// next call will find that, too.
func moved(err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_READONLY_DBMOVED
}

// errReadOnly says that SQLite could open the file for reading only.
var errReadOnly = errors.New("opened read-only")

// ErrPath says that no registry can be at the path, as it is.
var ErrPath = errors.New("sqlite: no place for a registry")

// ErrMissing says that there is no file at the path, and none is to be made.
var ErrMissing = fmt.Errorf("sqlite: %w", fs.ErrNotExist)

func missing(path string) error {
	return fmt.Errorf("no registry at %s: no instance has run with this configuration yet: %w", path, ErrMissing)
}

// mustExist returns ErrMissing if there is no file at the path.
func mustExist(path string) error {
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(path)
	case err != nil:
		return fmt.Errorf("sqlite: %w: %s", err, finding.OpenCure(err, "give this user the right to read it and its directory"))
	}
	return nil
}

// explain adds to an error of SQLite the file and what to do about it.
func (r *Registry) explain(err error) error {
	const unwritable = "it cannot be written: give this user the right to write it and its directory, or name another"
	cause := registry.ErrCorrupt
	var advice string
	switch code(err) {
	case 0:
		if errors.Is(err, errReadOnly) {
			return fmt.Errorf("sqlite: %s: %w: %s: %w", r.path(), registry.ErrRefused, unwritable, err)
		}
		if errors.Is(err, errMoving) || errors.Is(err, registry.ErrSchema) || errors.Is(err, registry.ErrCorrupt) || errors.Is(err, registry.ErrRefused) {
			return fmt.Errorf("sqlite: %s: %w", r.path(), err)
		}
		return err
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("sqlite: %s: %w: it is no SQLite database: name another file: %w", r.path(), cause, err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("sqlite: %s: %w: the file is damaged: stop all instances, keep a copy of it and of its -wal, and try sqlite3's .recover: %w", r.path(), cause, err)
	case sqlite3.SQLITE_FULL:
		advice = "no room left, nothing was written: make some on its disk"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		if moved(err) {
			return fmt.Errorf("sqlite: %s: %w", r.path(), err)
		}
		return fmt.Errorf("sqlite: %s: %w: %s: %w", r.path(), registry.ErrRefused, unwritable, err)
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH:
		if errors.Is(err, registry.ErrRefused) {
			return fmt.Errorf("sqlite: %s: %w", r.path(), err)
		}
		return fmt.Errorf("sqlite: %s: %w: %w", r.path(), registry.ErrRefused, err)
	case sqlite3.SQLITE_CANTOPEN:
		advice = "it cannot be opened: see that it, its -wal and its -shm can be read and written by this user, and that it may open more files (ulimit -n)"
	case sqlite3.SQLITE_IOERR:
		advice = "its disk does not read or write"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		advice = r.locker() + " holds its lock"
	default:
		advice = "SQLite refused"
	}
	return fmt.Errorf("sqlite: %s: %s: %w", r.path(), advice, err)
}
