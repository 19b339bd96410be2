package sqlitefile

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkKind_LocalDirectoryHasNone(t *testing.T) {
	if kind, err := networkKind(filepath.Join(t.TempDir(), "none")); kind != "" || err != nil {
		t.Errorf("got %q, %v", kind, err)
	}
}

func TestNetworkKind_KnowsNetworkFileSystems(t *testing.T) {
	for magic, want := range map[uint32]string{
		unix.NFS_SUPER_MAGIC: "nfs", unix.CIFS_SUPER_MAGIC: "cifs", unix.SMB2_SUPER_MAGIC: "smb2", unix.V9FS_MAGIC: "9p",
		unix.EXT4_SUPER_MAGIC: "", unix.XFS_SUPER_MAGIC: "", unix.BTRFS_SUPER_MAGIC: "", unix.TMPFS_MAGIC: "", unix.OVERLAYFS_SUPER_MAGIC: "",
	} {
		if got := networkTypes[magic]; got != want {
			t.Errorf("%#x: %q, want %q", magic, got, want)
		}
	}
}

func TestMountType_FindsTheTypeOfAFUSEMount(t *testing.T) {
	const mounts = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:51 / /home/u/remote rw,nosuid,nodev shared:7 - fuse.sshfs u@host:/ rw,user_id=1000
31 22 0:52 / /mnt/two\040words rw - fuse.bindfs /srv rw
32 22 0:53 / /shared rw master:1 propagate_from:2 - virtiofs share rw
33 22 8:1 / /win rw - fuseblk /dev/sda1 rw
nonsense
34 22 0:54 / /x rw -`
	for _, tt := range []struct {
		major, minor uint32
		want         string
		local        bool
	}{
		{0, 51, "fuse.sshfs", false},
		{0, 52, "fuse.bindfs", true},
		{0, 53, "virtiofs", false},
		{8, 1, "fuseblk", true},
		{0, 5, "fuse", false}, // not listed: another namespace's
		{0, 54, "fuse", false},
	} {
		got := mountType(strings.NewReader(mounts), tt.major, tt.minor)
		if got != tt.want || localFuse[got] != tt.local {
			t.Errorf("%d:%d: %q, local %v; want %q, %v", tt.major, tt.minor, got, localFuse[got], tt.want, tt.local)
		}
	}
}
