package sqlitefile

import (
	"os"
	"slices"
	"sync"
)

// opened are the databases that this process has open. Within a process, SQLite
// uses one WAL index for all connections to a file, even for those to a file that is
// not at the path any more. So a database that was opened before its WAL index was
// removed has to be left by all that have it open in the process before one of
// them can open it again.
var opened struct {
	sync.Mutex
	databases []*database
}

// siblings returns the databases that this process has open.
func siblings() []*database {
	opened.Lock()
	defer opened.Unlock()
	return slices.Clone(opened.databases)
}

// usesOldIndex reports whether db uses the WAL index of one of those that were open
// when it was opened, and not the one at the path.
func (db *database) usesOldIndex(others []*database) bool {
	return slices.ContainsFunc(others, func(other *database) bool {
		return os.SameFile(other.parts[0], db.parts[0]) && !os.SameFile(other.parts[2], db.parts[2])
	})
}

// wouldUseShrunkIndex reports whether SQLite would use the WAL index of one of the others
// for the file at the path, although that WAL index has been made smaller since it was
// mapped.
func wouldUseShrunkIndex(path string, others []*database) bool {
	info, err := os.Stat(path + "-shm")
	return err == nil && slices.ContainsFunc(others, func(other *database) bool {
		return os.SameFile(other.parts[2], info) && info.Size() < other.indexSize.Load()
	})
}

func enter(db *database) {
	opened.Lock()
	defer opened.Unlock()
	opened.databases = append(opened.databases, db)
}

func leave(db *database) {
	opened.Lock()
	defer opened.Unlock()
	opened.databases = slices.DeleteFunc(opened.databases, func(other *database) bool { return other == db })
}
