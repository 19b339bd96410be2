package attempt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
)

// The files in a private folder.
const (
	payloadFile    = "payload"
	progressFile   = "progress"
	resultFile     = "result"
	checkpointFile = "checkpoint"
)

// folderPrefix begins the names of private folders.
const folderPrefix = "understudy-run-"

// folder is the private folder of an attempt.
type folder struct {
	path string
	root *os.Root // finds its files even if somebody puts something else at its path
	lock *os.File // says that it belongs to a process that lives
}

// folderTries is how often a folder is made that another process takes for a leftover before
// it is locked. That is unlikely once; but one that looks for leftovers all the time may be
// faster many times in a row.
const folderTries = 1000

// newFolder makes a private folder below another one.
func newFolder(parent string) (*folder, error) {
	for try := 1; ; try++ {
		path, err := os.MkdirTemp(parent, folderPrefix)
		if err != nil {
			return nil, err
		}
		lock, mine, err := lockFolder(path)
		if !mine && err == nil && try < folderTries {
			continue // somebody has removed it, or does
		}
		if err == nil && !mine {
			err = &fs.PathError{Op: "lock", Path: path, Err: errors.New("another process took it for a leftover")}
		}
		f := &folder{path: path, lock: lock}
		if err == nil {
			f.root, err = os.OpenRoot(path)
		}
		if err != nil {
			f.remove(zerolog.Nop())
			return nil, err
		}
		return f, nil
	}
}

// file returns the path of a file.
func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// write makes a file.
func (f *folder) write(name string, data []byte) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// remove removes the folder with all that is in it.
func (f *folder) remove(log zerolog.Logger) {
	if f.root != nil {
		_ = f.root.Close()
	}
	if err := removeAll(f.path); err != nil {
		log.Error().Err(err).Msg("the private folder of the run cannot be removed")
	}
	if f.lock != nil {
		_ = f.lock.Close()
	}
}

// removeAll removes a folder, also if a program took away the permission to do so from
// folders in it.
func removeAll(path string) error {
	if err := os.RemoveAll(path); err == nil {
		return nil
	}
	_ = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}
