package sqlitefile

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// refuseNames refuses a file that others may know by another name. SQLite looks for
// the WAL beside the name, so each name would have a WAL of its own.
func refuseNames(path string) error {
	var file, dir unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_NLINK|unix.STATX_MNT_ID, &file) != nil ||
		unix.Statx(unix.AT_FDCWD, filepath.Dir(path), 0, unix.STATX_MNT_ID, &dir) != nil {
		return nil // it is not there yet, or opening it will fail as well
	}
	switch known := file.Mask & dir.Mask & unix.STATX_MNT_ID; {
	case known != 0 && file.Mnt_id != dir.Mnt_id:
		return advise("mount its directory", "%w: %s is mounted by itself, so its write-ahead log (-wal) would not be shared", ErrPath, path)
	case file.Nlink > 1:
		return advise("leave it one", "%w: %s has %d names (hard links), and each would have a write-ahead log (-wal) of its own", ErrPath, path, file.Nlink)
	}
	return nil
}
