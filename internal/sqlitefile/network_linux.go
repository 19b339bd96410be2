package sqlitefile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// networkTypes names network file systems by the magic numbers of statfs(2).
var networkTypes = map[uint32]string{
	unix.NFS_SUPER_MAGIC:   "nfs",
	unix.SMB_SUPER_MAGIC:   "smb",
	unix.CIFS_SUPER_MAGIC:  "cifs",
	unix.SMB2_SUPER_MAGIC:  "smb2",
	unix.V9FS_MAGIC:        "9p",
	unix.AFS_SUPER_MAGIC:   "afs",
	unix.AFS_FS_MAGIC:      "afs",
	unix.CODA_SUPER_MAGIC:  "coda",
	unix.NCP_SUPER_MAGIC:   "ncp",
	unix.CEPH_SUPER_MAGIC:  "ceph",
	unix.OCFS2_SUPER_MAGIC: "ocfs2",
	0x01161970:             "gfs2",
	0x0bd00bd0:             "lustre",
	0x47504653:             "gpfs",
	0x19830326:             "beegfs",
	0x7c7c6673:             "prl_fs",
	0x786f4256:             "vboxsf",
	0xbacbacbc:             "vmhgfs",
}

// localFuse has the types of FUSE mounts of a local disk or directory. A FUSE file
// system of any other type, and virtiofs, may be shared by several machines.
var localFuse = map[string]bool{
	"fuseblk": true, "fuse.fuse-overlayfs": true, "fuse.bindfs": true, "fuse.mergerfs": true,
	"fuse.gocryptfs": true, "fuse.encfs": true, "fuse.cryfs": true, "fuse.ntfs-3g": true,
	"fuse.ext4": true, "fuse.ext2": true, "fuse.exfat": true, "fuse.lxcfs": true,
}

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
	magic := uint32(fs.Type)
	if magic != unix.FUSE_SUPER_MAGIC {
		return networkTypes[magic], nil
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return "", err
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer mounts.Close()
	kind := mountType(mounts, unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)))
	if localFuse[kind] {
		return "", nil
	}
	return kind, nil
}

// mountType finds the type of a device's file system in a mountinfo file.
func mountType(mounts io.Reader, major, minor uint32) string {
	device := fmt.Sprintf("%d:%d", major, minor)
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if ok && len(fields) > 2 && len(rest) > 0 && fields[2] == device {
			return rest[0]
		}
	}
	return "fuse"
}
