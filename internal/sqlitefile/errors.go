package sqlitefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The kinds of errors. Compare with errors.Is. Any other error, one of the disk for
// instance, leaves open whether a write was applied.
var (
	// ErrPath says that no file can be shared by several processes at this path.
	ErrPath = errors.New("sqlite: unusable path")
	// ErrNetwork is an ErrPath: the path is on a file system that machines share.
	ErrNetwork = fmt.Errorf("%w", ErrPath)
	// ErrMissing says that there is no file at the path, and that none was to be made.
	ErrMissing = fmt.Errorf("sqlite: %w", fs.ErrNotExist)
	// ErrForeign says that the file is not one of this program.
	ErrForeign = errors.New("not a file of this program")
	// ErrNewer says that the file is one of a newer version of this program.
	ErrNewer = errors.New("written by a newer version")
	// ErrDamaged says that what is stored in the file is damaged.
	ErrDamaged = errors.New("the file is damaged")
	// ErrRefused says that SQLite answered, and that a rule in the file or a missing
	// right keeps it from doing what was asked. To ask again does not help.
	ErrRefused = errors.New("refused")
	// ErrReadOnly says that nothing was written: the file was opened to be read.
	ErrReadOnly = errors.New("opened to be read, not to be written")
	// ErrClosed says that nothing was done: Close was called before.
	ErrClosed = errors.New("sqlite: the file is closed")
	// ErrNoWatch says that this system cannot tell when a file changes.
	ErrNoWatch = errors.New("sqlite: cannot watch")
)

var (
	// errReplaced says that the open files are no longer those at the path.
	errReplaced = errors.New("sqlite: the file, its -wal or its -shm was removed or replaced")
	// errShrunk says that the open -shm was truncated. The file has to be opened
	// again, and nothing is lost.
	errShrunk = fmt.Errorf("%w, or the -shm was truncated", errReplaced)
	// errMoving says that the file cannot be opened before others have left the
	// one that was at the path. They do that at their next call.
	errMoving = errors.New("it was removed or replaced, in part or as a whole, and is in use")
	// errUnwritable says that SQLite could open the file only to read it.
	errUnwritable = errors.New("opened read-only")
)

// code returns SQLite's primary result code, and 0 for an error that is not SQLite's.
func code(err error) int { return extendedCode(err) & 0xff }

func extendedCode(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// IsConstraint reports whether SQLite refused a statement because of what the
// tables are like: a constraint, a trigger, or a column that is missing.
func IsConstraint(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH:
		return true
	}
	return false
}

// busy reports whether err says that another was in the way, and that nothing was
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

// foreignIndex reports whether err says that the WAL index, which others have open,
// is that of another WAL.
func foreignIndex(err error) bool { return extendedCode(err) == sqlite3.SQLITE_IOERR_SHORT_READ }

// movedAway reports whether SQLite found that its file is not at the path any more.
// The next call finds that out, too.
func movedAway(err error) bool { return extendedCode(err) == sqlite3.SQLITE_READONLY_DBMOVED }

// absent reports whether an error proves that there is nothing at a path.
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
		return nil, unknownPresence(path, err)
	}
	return info, nil
}
