package guard

import (
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// ourMemory is more than Understudy and its guard use together.
//
// When memory runs out, the kernel kills the process with the highest score. That
// is mostly the largest, and so it may kill Understudy and its guard in one event
// before the many small processes of a command, which nobody would end then. So the
// command's oom_score_adj, which its descendants inherit, is raised by what
// ourMemory is of all memory, in thousandths.
const ourMemory = 40 << 20

// Limits of oom_score_adj.
const (
	maxOOMScore = 1000  // the kernel kills these processes first
	minOOMScore = -1000 // the kernel never kills these
)

// oomScore is this process's own oom_score_adj. The descriptor is opened once,
// since a process that could open the file can always write to it later.
type oomScore struct {
	fd     int
	memory uint64        // what memory returned
	readAt time.Duration // when; 0: never
}

// memoryLasts is how long the answer of memory is used. To find it takes as long as to start
// a command, and a limit changes rarely.
const memoryLasts = 10 * time.Second

func openOOMScore() oomScore {
	fd, err := unix.Open("/proc/self/oom_score_adj", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return oomScore{fd: -1} // the command begins with the value of this process
	}
	return oomScore{fd: fd}
}

// raise raises the value for children that are forked before restore is called. It
// changes nothing where the old value could not be restored.
func (o *oomScore) raise() (restore func()) {
	restore = func() {}
	own, err := o.get()
	if err != nil || own == minOOMScore || o.set(own) != nil {
		return restore
	}
	if now := boottime.Now(); o.readAt == 0 || now >= o.readAt+memoryLasts {
		o.memory, o.readAt = memory(), now
	}
	if raised := min(own+oomScoreOf(ourMemory, o.memory), maxOOMScore); raised > own && o.set(raised) == nil {
		restore = func() { _ = o.set(own) }
	}
	return restore
}

func (o oomScore) get() (int, error) {
	var buf [16]byte
	n, err := unix.Pread(o.fd, buf[:], 0)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(buf[:n])))
}

func (o oomScore) set(adj int) error {
	_, err := unix.Pwrite(o.fd, []byte(strconv.Itoa(adj)), 0)
	return err
}

// oomScoreOf returns what used is of all memory, in thousandths, rounded up.
func oomScoreOf(used, all uint64) int {
	if all <= used {
		return maxOOMScore
	}
	return int((maxOOMScore*used + all - 1) / all)
}

// memory returns how many bytes this process and its command may use: those of the
// machine, or the smallest limit of the control groups that they are in. A limit
// that cannot be read does not count.
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
			least = min(least, cgroupLimit("/sys/fs/cgroup", f[2], "memory.max"))
		case strings.Contains(","+f[1]+",", ",memory,"):
			least = min(least, cgroupLimit("/sys/fs/cgroup/memory", f[2], "memory.limit_in_bytes"))
		}
	}
	return least
}

// cgroupLimit returns the smallest limit of a control group and of those above it.
// In a container the path may be the host's, of which only the last part exists.
func cgroupLimit(root, group, file string) uint64 {
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
