package sqlite

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// refuseNames refuses a file that others may know by another name: SQLite looks
// for its log beside each name, so each would have one of its own.
func refuseNames(path string) error {
	var file, dir unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_NLINK|unix.STATX_MNT_ID, &file) != nil ||
		unix.Statx(unix.AT_FDCWD, filepath.Dir(path), 0, unix.STATX_MNT_ID, &dir) != nil {
		return nil // it is not there yet, or an error that opening it will have as well
	}
	switch known := file.Mask & dir.Mask & unix.STATX_MNT_ID; {
	case known != 0 && file.Mnt_id != dir.Mnt_id:
		return fmt.Errorf("%w: %s is mounted by itself, so its log would not be shared: mount its directory", ErrPath, path)
	case file.Nlink > 1:
		return fmt.Errorf("%w: %s has %d names (hard links), and each would have a log of its own: leave it one", ErrPath, path, file.Nlink)
	}
	return nil
}
