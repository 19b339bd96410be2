package sqlitefile

import (
	"errors"
	"os"
	"slices"
	"sync/atomic"
)

// database is what was at the path when it was opened, with its connections.
type database struct {
	parts          []os.FileInfo // the identities of the files, in the order of suffixes
	writer, reader *Conn         // writer is nil if it was opened to be read
	indexSize      atomic.Int64  // the largest size of its WAL index (-shm) that was seen
	immutable      bool          // no process had it open, so it is read without a WAL
	gone           chan struct{} // closed when the database is closed
	notices        *notices      // of those that watch it; used with readTurn
}

// suffixes are those of the files that make up an open database. SQLite never
// replaces one of them while it is open: the WAL is written over from its start.
// Only the process that closes the database last removes the WAL and the WAL index.
var suffixes = []string{"", "-wal", "-shm"}

// check returns errReplaced if the files at the path are not those of the database
// any more. Then what is committed may be in a WAL that nobody else will ever
// find. Any other error says that this cannot be found out now. That may pass, so
// the database does not count as replaced.
func (db *database) check(path string) error {
	if db == nil {
		return errReplaced
	}
	for i, part := range db.parts {
		info, err := statSame(path+suffixes[i], part)
		switch {
		case err != nil:
			return err
		case db.immutable && (info.Size() != part.Size() || !info.ModTime().Equal(part.ModTime())):
			return errReplaced
		case i == 2:
			if err := db.measureIndex(info.Size()); err != nil {
				return err
			}
		}
	}
	if db.immutable {
		switch _, err := os.Stat(path + "-wal"); {
		case err == nil:
			return errReplaced
		case !absent(err):
			return unknownPresence(path, err)
		}
	}
	return nil
}

// measureIndex returns errShrunk if the WAL index is smaller than it was. SQLite only
// ever makes it larger, and maps all of it into memory: a process that reads a
// part that is not there any more dies of SIGBUS.
func (db *database) measureIndex(size int64) error {
	for {
		largest := db.indexSize.Load()
		if size < largest {
			return errShrunk
		}
		if size == largest || db.indexSize.CompareAndSwap(largest, size) {
			return nil
		}
	}
}

// note adds the identity of the next file of the database. SQLite is known to have
// that file open.
func (db *database) note(path string) error {
	info, err := os.Stat(path + suffixes[len(db.parts)])
	switch {
	case absent(err):
		return errMoving
	case err != nil:
		return unknownPresence(path, err)
	}
	db.parts = append(db.parts, info)
	return nil
}

// noteWAL adds the identities of the WAL and of the WAL index.
func (db *database) noteWAL(path string) error {
	if err := db.note(path); err != nil {
		return err
	}
	return db.note(path)
}

// unlessMoving returns the database if opening it returned no error. Otherwise it
// abandons it, and returns errMoving if the error came because its files were removed
// or replaced meanwhile.
func (db *database) unlessMoving(path string, err error) (*database, error) {
	if err == nil {
		return db, nil
	}
	vanished := errors.Is(err, os.ErrNotExist) && !errors.Is(err, ErrMissing)
	if vanished || foreignIndex(err) || errors.Is(db.check(path), errReplaced) {
		err = errMoving
	}
	db.abandon()
	return nil, err
}

// same reports whether the files of a database are these.
func (db *database) same(parts []os.FileInfo) bool {
	return slices.EqualFunc(parts, db.parts, os.SameFile)
}

// setGeneration tells the connections their generation.
func (db *database) setGeneration(generation int64) {
	for _, c := range []*Conn{db.writer, db.reader} {
		if c != nil {
			c.generation = generation
		}
	}
}

// close writes the WAL into the database, if no other process has it open.
func (db *database) close() error {
	if db == nil {
		return nil
	}
	defer leave(db)
	close(db.gone)
	return errors.Join(db.reader.close(), db.writer.close())
}

// abandon closes a database that is not at the path any more. Its WAL must not be
// checkpointed, because it would be written into the file that others have begun. SQLite
// checkpoints the WAL when the last connection is closed, unless that connection cannot
// write: so the reader is closed last.
func (db *database) abandon() {
	if db == nil {
		return
	}
	defer leave(db)
	close(db.gone)
	_ = db.writer.close()
	_ = db.reader.close()
}
