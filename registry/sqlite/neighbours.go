package sqlite

import (
	"os"
	"slices"
	"sync"
)

// Within a process, SQLite uses one index for all connections to a file, be it
// at the path or not. So a file that was opened before its index was removed
// has to be left by all registries of the process before one can open it anew.
var opened struct {
	sync.Mutex
	files []*file
}

// neighbours are the files that this process has open.
func neighbours() []*file {
	opened.Lock()
	defer opened.Unlock()
	return slices.Clone(opened.files)
}

// shares reports whether f uses the index of one of those that were open when
// it was opened, and not the one at the path.
func (f *file) shares(others []*file) bool {
	return slices.ContainsFunc(others, func(other *file) bool {
		return os.SameFile(other.parts[0], f.parts[0]) && !os.SameFile(other.parts[2], f.parts[2])
	})
}

// lent reports whether who opens the file at the path would be given the index of
// one of the others, and that has been made smaller since it was mapped.
func lent(path string, others []*file) bool {
	info, err := os.Stat(path + "-shm")
	return err == nil && slices.ContainsFunc(others, func(other *file) bool {
		return os.SameFile(other.parts[2], info) && info.Size() < other.index.Load()
	})
}

func enter(f *file) {
	opened.Lock()
	defer opened.Unlock()
	opened.files = append(opened.files, f)
}

func leave(f *file) {
	opened.Lock()
	defer opened.Unlock()
	opened.files = slices.DeleteFunc(opened.files, func(other *file) bool { return other == f })
}
