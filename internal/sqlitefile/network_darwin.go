package sqlitefile

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// networkKind names the network file system that a path is on. It is empty for a
// local file system.
func networkKind(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		path = filepath.Dir(path)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return "", err
	}
	kind := unix.ByteSliceToString(fs.Fstypename[:])
	switch kind {
	case "nfs", "smbfs", "afpfs", "webdav", "cifs", "ftp", "osxfuse_sshfs", "macfuse_sshfs":
		return kind, nil
	}
	if fs.Flags&unix.MNT_LOCAL == 0 {
		return kind, nil
	}
	return "", nil
}
