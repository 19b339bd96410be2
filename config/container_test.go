package config

import (
	"os"
	"strings"
	"testing"
)

func TestTraces_TellContainersFromMachines(t *testing.T) {
	const foreign = "pid:[4026532201]"
	disk, layer := mount{"27", "ext4"}, mount{"612", "overlay"}
	for _, tt := range []struct {
		name string
		traces
		want string // empty: a machine
	}{
		{"machine", traces{pidNamespace: machinesNamespace, root: disk, firstRoot: disk}, ""},
		{"nothing can be read", traces{}, ""},
		{"machine with a service's mounts", traces{pidNamespace: machinesNamespace, root: mount{"99", "ext4"}, firstRoot: disk}, ""},
		{"virtual machine made of an image", traces{mark: "/.dockerenv is there", pidNamespace: machinesNamespace, root: disk, firstRoot: disk}, ""},
		{"machine booted from a medium", traces{pidNamespace: machinesNamespace, root: layer, firstRoot: layer}, ""},
		{"WSL 2", traces{pidNamespace: foreign, kernel: "5.15.153.1-microsoft-standard-WSL2", root: disk, firstRoot: disk}, ""},

		{"docker", traces{mark: "/.dockerenv is there", pidNamespace: foreign, root: layer, firstRoot: layer}, "/.dockerenv is there"},
		{"podman", traces{mark: "/run/.containerenv is there", pidNamespace: foreign, root: layer, firstRoot: layer}, "/run/.containerenv is there"},
		{"docker without /proc", traces{mark: "/.dockerenv is there"}, "/.dockerenv is there"},
		{"docker --pid=host", traces{mark: "/.dockerenv is there", pidNamespace: machinesNamespace, root: layer, firstRoot: disk}, "/.dockerenv is there"},
		{"docker --pid=host, process 1 hidden", traces{mark: "/.dockerenv is there", pidNamespace: machinesNamespace, root: layer}, "/.dockerenv is there"},
		{"docker --pid=host, mounts hidden", traces{mark: "/.dockerenv is there", pidNamespace: machinesNamespace}, "/.dockerenv is there"},
		{"containerd", traces{pidNamespace: foreign, root: layer, firstRoot: layer}, "its root is a file system of the kind overlay"},
		{"containerd with the machine's processes", traces{pidNamespace: machinesNamespace, root: layer, firstRoot: disk}, "its root is a file system of the kind overlay"},
		{"containerd on WSL 2", traces{pidNamespace: foreign, kernel: "5.15-Microsoft", root: layer, firstRoot: layer}, "its root is a file system of the kind overlay"},
		{"lxc", traces{pidNamespace: foreign, root: disk, firstRoot: disk}, "it has a PID namespace of its own"},
		{"$container", traces{mark: "container is set in the environment", pidNamespace: foreign, root: disk, firstRoot: disk}, "container is set in the environment"},
	} {
		if got := tt.container(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestRootMount_IsTheLastOne(t *testing.T) {
	for _, tt := range []struct {
		name, info string
		want       mount
	}{
		{"machine", "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n28 27 0:22 / /sys rw - sysfs sysfs rw\n", mount{"27", "ext4"}},
		{"docker", "612 511 0:54 / / rw,relatime master:143 - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d\n613 612 0:57 / /proc rw - proc proc rw\n", mount{"612", "overlay"}},
		{"one over the other", "1 1 0:2 / / rw - rootfs rootfs rw\n27 1 254:0 / / rw shared:1 - fuse.fuse-overlayfs x rw\n", mount{"27", "fuse.fuse-overlayfs"}},
		{"nothing at /", "22 27 0:21 / /proc rw - proc proc rw\n", mount{}},
		{"garbage", "\n - \n1 2 3 4 /\n / / / / / - \n", mount{}},
	} {
		if got := rootMount(strings.NewReader(tt.info)); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestTrace_VariableNamedContainerIsAMark(t *testing.T) {
	if _, err := os.Stat("/proc/self/ns/pid"); err != nil {
		t.Skip("this system's containers leave no traces")
	}
	if got := trace(func(string) string { return "podman" }); got.mark == "" {
		t.Errorf("%+v: no mark", got)
	}
	if got := trace(func(string) string { return "" }); got.pidNamespace == "" || got.kernel == "" || got.root == (mount{}) {
		t.Errorf("%+v: want a PID namespace, a kernel and what is mounted at /", got)
	}
}
