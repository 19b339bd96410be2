package sqlitefile

import (
	"errors"
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/understudy-go/understudy/internal/openlimit"
)

// AdvisedError is an error together with what people can do about it.
type AdvisedError struct {
	Err  error
	Cure string
}

func (e *AdvisedError) Error() string { return e.Err.Error() + ": " + e.Cure }

func (e *AdvisedError) Unwrap() error { return e.Err }

func advise(cure, format string, args ...any) error {
	return &AdvisedError{Err: fmt.Errorf(format, args...), Cure: cure}
}

// unknownPresence says that it cannot be found out now whether a file is still there.
func unknownPresence(path string, err error) error {
	return advise("give this user the right to search its directories", "sqlite: whether %s is still there cannot be found out: %w", path, err)
}

func unreadable(err error) error {
	return advise(openlimit.Cure(err, "give this user the right to read it and its directory"), "sqlite: %w", err)
}

func missing(path string) error {
	return fmt.Errorf("there is no file at %s: %w", path, ErrMissing)
}

// explain adds to an error of SQLite the path, its kind, and what to do about it.
func (f *File) explain(err error) error {
	const repair = "stop all processes that use it, keep a copy of it and of its -wal, and try sqlite3's .recover"
	const unwritable = "it cannot be written: give this user the right to write it and its directory, or name another file"
	path := f.Path()
	var advice string
	switch code(err) {
	case 0:
		switch {
		case errors.Is(err, errUnwritable):
			return fmt.Errorf("sqlite: %s: %w: %s: %w", path, ErrRefused, unwritable, err)
		case errors.Is(err, ErrDamaged):
			return advise(repair, "sqlite: %s: %w", path, err)
		case errors.Is(err, errMoving), errors.Is(err, ErrNewer), errors.Is(err, ErrForeign), errors.Is(err, ErrRefused):
			return fmt.Errorf("sqlite: %s: %w", path, err)
		}
		return err
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("sqlite: %s: %w: it is no SQLite database: name another file: %w", path, ErrForeign, err)
	case sqlite3.SQLITE_CORRUPT:
		return advise(repair, "sqlite: %s: %w: %w", path, ErrDamaged, err)
	case sqlite3.SQLITE_FULL:
		advice = "no room left, nothing was written: make some on its disk"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		if movedAway(err) {
			return fmt.Errorf("sqlite: %s: %w", path, err)
		}
		return fmt.Errorf("sqlite: %s: %w: %s: %w", path, ErrRefused, unwritable, err)
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH:
		if errors.Is(err, ErrRefused) {
			return fmt.Errorf("sqlite: %s: %w", path, err)
		}
		return fmt.Errorf("sqlite: %s: %w: %w", path, ErrRefused, err)
	case sqlite3.SQLITE_CANTOPEN:
		advice = "it cannot be opened: check that it, its -wal and its -shm can be read and written by this user, and that it may open more files (ulimit -n)"
	case sqlite3.SQLITE_IOERR:
		advice = "its disk does not read or write"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		advice = f.writeLockOwner() + " holds its lock"
	default:
		advice = "SQLite refused"
	}
	return fmt.Errorf("sqlite: %s: %s: %w", path, advice, err)
}
