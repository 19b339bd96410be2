package guard

import (
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// When memory runs out, the kernel kills who takes the most of it, and may take
// Understudy and its guard in one event before the many small processes of a
// command, which then nobody ends. So the command is made the better victim by
// more than the two take: a child inherits its oom_score_adj, which is in
// thousandths of all the memory there is.
const lighter = 40 << 20

const (
	worstVictim = 1000
	noVictim    = -1000 // the kernel never takes it
)

// victim is this process's own oom_score_adj. The descriptor is opened once:
// whoever may open it may write to it later as well.
type victim struct{ fd int }

func openVictim() victim {
	fd, err := unix.Open("/proc/self/oom_score_adj", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return victim{fd: -1} // the command begins with our own value, as it would without us
	}
	return victim{fd}
}

// raise makes the children that are forked before restore is called better
// victims than this process. It leaves all as it is where that value could not be
// restored.
func (v victim) raise() (restore func()) {
	restore = func() {}
	own, err := v.get()
	if err != nil || own == noVictim || v.set(own) != nil {
		return restore
	}
	if raised := min(own+handicap(memory()), worstVictim); raised > own && v.set(raised) == nil {
		restore = func() { _ = v.set(own) }
	}
	return restore
}

func (v victim) get() (int, error) {
	var buf [16]byte
	n, err := unix.Pread(v.fd, buf[:], 0)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(buf[:n])))
}

func (v victim) set(adj int) error {
	_, err := unix.Pwrite(v.fd, []byte(strconv.Itoa(adj)), 0)
	return err
}

// handicap is how many thousandths of the memory are more than lighter.
func handicap(memory uint64) int {
	if memory <= lighter {
		return worstVictim
	}
	return int((worstVictim*uint64(lighter) + memory - 1) / memory)
}

// memory is what this process and its command may take: the machine's, or the
// smallest limit of the control groups that it is in. What can't be read is no
// limit.
func memory() uint64 {
	least := uint64(math.MaxUint64)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		least = uint64(info.Totalram) * uint64(info.Unit)
	}
	data, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(data)) { // hierarchy:controllers:path
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(f) != 3:
		case f[1] == "":
			least = min(least, limit("/sys/fs/cgroup", f[2], "memory.max"))
		case strings.Contains(","+f[1]+",", ",memory,"):
			least = min(least, limit("/sys/fs/cgroup/memory", f[2], "memory.limit_in_bytes"))
		}
	}
	return least
}

// limit is the smallest limit of a control group and those that it is in. In a
// container the path may be the host's, of which only the end is there.
func limit(root, group, file string) uint64 {
	least := uint64(math.MaxUint64)
	for dir := path.Join("/", group); ; dir = path.Dir(dir) {
		data, err := os.ReadFile(path.Join(root, dir, file))
		if n, bad := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err == nil && bad == nil { // or "max"
			least = min(least, n)
		}
		if dir == "/" {
			return least
		}
	}
}
