package sqlitefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/understudy-go/understudy/internal/openlimit"
)

// smallestFile is the size of the smallest page of SQLite. It takes a smaller file
// for an empty one and writes over it.
const smallestFile = 512

// Inspect returns what is at a path before it is opened, and nil if there is
// nothing yet and [Create] would create it. Its errors are those of Open.
func Inspect(path string, makeDirectory bool) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err := refuseLong(path); err != nil {
		return nil, err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, link := os.Lstat(path); link == nil {
			_, err := resolve(path)
			return nil, err
		}
		if !makeDirectory {
			return nil, needDirectory(path)
		}
		return nil, nil
	case errors.Is(err, syscall.ENAMETOOLONG):
		return nil, advise("name a shorter path", "%w: %w", ErrPath, err)
	case err != nil:
		return nil, unreadable(err)
	}
	if err := refuseKind(path, info); err != nil {
		return nil, err
	}
	return info, refuseNames(path)
}

// locate returns where a path leads to. It makes the directory if that is wanted.
func locate(path string, o Options) (string, error) {
	switch {
	case o.Access != Create:
		if err := mustExist(path); err != nil {
			return "", err
		}
	case o.MakeDirectory:
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", advise(openlimit.Cure(err, "name a file in a directory of yours"),
				"sqlite: %s: its directory is missing and cannot be made: %w", path, err)
		}
	default:
		if err := needDirectory(path); err != nil {
			return "", err
		}
	}
	return resolve(path)
}

// resolve returns where a path leads to: a symbolic link, or a file whose directory
// exists.
func resolve(path string) (string, error) {
	switch info, err := os.Lstat(path); {
	case err != nil && !absent(err):
		return "", unknownPresence(path, err)
	case err == nil && info.Mode()&os.ModeSymlink != 0:
		real, err := filepath.EvalSymlinks(path)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return "", unknownPresence(path, err)
		case err != nil:
			return "", advise("make the directory that it leads to, or correct it",
				"%w: %s is a link to what is not there: %w", ErrPath, path, err)
		}
		return real, nil
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// refuse returns ErrPath for a path that several processes cannot share, and
// ErrForeign for a file that is too small for a database.
func refuse(path string) error {
	if err := refuseLong(path); err != nil {
		return err
	}
	if err := RefuseNetwork(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		if err := refuseKind(path, info); err != nil {
			return err
		}
		if 0 < info.Size() && info.Size() < smallestFile {
			return fmt.Errorf("%w: it is no SQLite database: name another file", ErrForeign)
		}
	}
	return refuseNames(path)
}

func refuseLong(path string) error {
	if len(path) > longestPath {
		return advise("name a shorter path", "%w: %s has %d bytes, and SQLite takes paths of up to %d", ErrPath, path, len(path), longestPath)
	}
	return nil
}

func refuseKind(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return advise("name a file, or a path at which there is nothing yet", "%w: %s is %s, not a file", ErrPath, path, kindOf(info.Mode()))
	}
	return nil
}

// kindOf names what is not a regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// needDirectory returns ErrPath if the directory of a path is missing.
func needDirectory(path string) error {
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return advise("create it, or correct the path", "%w: %s: its directory does not exist", ErrPath, path)
	}
	return nil
}

// mustExist returns ErrMissing if there is no file at the path.
func mustExist(path string) error {
	_, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(path)
	case err != nil:
		return unreadable(err)
	}
	return nil
}
