package guard

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/guardname"
)

// cgroup is a control group (version 2) of a command. The guard can kill all processes in
// it with one write, also those that fork faster than they are killed one by one, and those
// that another process has adopted. No process leaves it by itself, unless it may write to
// control groups.
//
// The guard holds a lock on the directory as long as it lives, so everybody can tell what a
// killed guard has left.
type cgroup struct {
	path   string
	dir    int // locked
	kill   int // cgroup.kill
	events int // cgroup.events
	killed bool
}

const permitsCgroup = "want a control group, version 2, in which this user may make others (Delegate=yes in a unit of systemd, or a writable /sys/fs/cgroup in a container), and Linux 5.14"

// newCgroup makes a control group in that of this process, or beside it.
func newCgroup() (*cgroup, error) {
	parents, err := cgroupParents()
	if err != nil {
		return nil, err
	}
	var failed []string
	for _, parent := range parents {
		_ = sweepCgroups(parent, "")
		c, err := makeCgroup(parent)
		for try := 0; errors.Is(err, errSwept) && try < 100; try++ {
			c, err = makeCgroup(parent)
		}
		if err == nil {
			return c, nil
		}
		failed = append(failed, err.Error())
	}
	return nil, errors.New(strings.Join(failed, "; "))
}

// cgroupParents returns the directories in which a control group may be made.
func cgroupParents() ([]string, error) {
	own, err := ownCgroup()
	if err != nil {
		return nil, err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		f := strings.Fields(before) // ID, parent, device, root, mount point
		if len(f) < 5 || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		below, err := filepath.Rel(f[3], own)
		if err != nil || below == ".." || strings.HasPrefix(below, "../") {
			continue
		}
		list := []string{filepath.Join(f[4], below)}
		if below != "." {
			list = append(list, filepath.Dir(list[0]))
		}
		return list, nil
	}
	return nil, errors.New("control group: no cgroup2 is mounted that has this process in it")
}

// ownCgroup returns the control group of this process, as the kernel names it.
func ownCgroup() (string, error) {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if own, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return own, nil
		}
	}
	return "", errors.New("control group: this process has none of version 2")
}

// hiddenLimit returns an error if a process that is started in a control group below this
// one does not find a limit of this one. Many programs read the limits of memory and
// processors in their own control group, and nowhere else, to use no more than that.
func hiddenLimit() error {
	parents, err := cgroupParents()
	if err != nil {
		return err
	}
	return limitIn(parents[0])
}

func limitIn(dir string) error {
	for _, name := range []string{"memory.max", "memory.high", "cpu.max"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if value, _, _ := strings.Cut(strings.TrimSpace(string(data)), " "); err == nil && value != "max" {
			return fmt.Errorf("a command in one of its own would not see the limit in %s", filepath.Join(dir, name))
		}
	}
	return nil
}

// cgroupPrefix begins the name of the control group of a guard.
func cgroupPrefix(guard int) string { return guardname.Name + "-" + strconv.Itoa(guard) + "-" }

// errSwept says that another process took a new control group for what a dead guard has
// left, before it was locked.
var errSwept = errors.New("control group: it was removed at once")

// makeCgroup makes a control group, and sees whether a process can be started in it.
func makeCgroup(parent string) (_ *cgroup, err error) {
	c := &cgroup{path: filepath.Join(parent, fmt.Sprint(cgroupPrefix(os.Getpid()), rand.Uint32())), dir: -1, kill: -1, events: -1}
	if err := unix.Mkdir(c.path, 0o755); err != nil {
		return nil, &fs.PathError{Op: "mkdir", Path: c.path, Err: err}
	}
	defer func() {
		if err == nil {
			return
		}
		if _, statErr := os.Stat(c.path); errors.Is(err, unix.EWOULDBLOCK) || errors.Is(statErr, fs.ErrNotExist) {
			err = errSwept
		}
		_ = unix.Rmdir(c.path)
		c.close()
	}()
	open := func(name string, flags int) (int, error) {
		fd, err := unix.Open(filepath.Join(c.path, name), flags|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, &fs.PathError{Op: "open", Path: filepath.Join(c.path, name), Err: err}
		}
		return fd, nil
	}
	if c.dir, err = open("", unix.O_RDONLY|unix.O_DIRECTORY); err != nil {
		return nil, err
	}
	if err = unix.Flock(c.dir, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if c.kill, err = open("cgroup.kill", unix.O_WRONLY); err != nil {
		return nil, err
	}
	if c.events, err = open("cgroup.events", unix.O_RDONLY); err != nil {
		return nil, err
	}
	// There is no such program, so that error says that the kernel tried to execute it, in a
	// process that it had started in the control group.
	_, err = syscall.ForkExec("/proc/self/none", nil, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: c.dir}})
	if !errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("no process can be started in the control group %s: %w", c.path, err)
	}
	return c, nil
}

func (c *cgroup) close() {
	for _, fd := range []int{c.dir, c.kill, c.events} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// killAll has the kernel send SIGKILL to every process in c, if there is one. It does not
// allocate. Linux 6.18 kills whatever is started in a group after that, too.
func (c *cgroup) killAll() {
	if c.isEmpty() {
		return
	}
	c.killed = true
	one := [1]byte{'1'}
	_, _, _ = unix.RawSyscall6(unix.SYS_PWRITE64, uintptr(c.kill), uintptr(unsafe.Pointer(&one)), 1, 0, 0, 0)
}

// isEmpty reports whether no process is alive in c.
func (c *cgroup) isEmpty() bool {
	var buf [256]byte
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(c.events), uintptr(unsafe.Pointer(&buf)), unsafe.Sizeof(buf), 0, 0, 0)
	return errno == unix.ENODEV || errno == 0 && bytes.Contains(buf[:n], []byte("populated 0")) // ENODEV: it was removed, so it was empty
}

// removeTime bounds how long a guard tries to remove its control group.
const removeTime = time.Second

// remove removes an empty control group, and those that the command made in it.
func (c *cgroup) remove() {
	for end := time.Now().Add(removeTime); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if removeCgroup(c.path) == nil {
			break
		}
	}
	c.close()
}

func removeCgroup(path string) error {
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		if entry.IsDir() {
			_ = removeCgroup(filepath.Join(path, entry.Name()))
		}
	}
	if err := unix.Rmdir(path); err != nil && err != unix.ENOENT {
		return err
	}
	return nil
}
