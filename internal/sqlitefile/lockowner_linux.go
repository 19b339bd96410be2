package sqlitefile

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// unknownProcess stands for a process whose number is not known.
const unknownProcess = "another process"

// writeLock is the byte of a -shm that a writer has locked.
const writeLock = 120

// writeLockOwner names the process that keeps others from writing.
func (f *File) writeLockOwner() string {
	if who := lockOwner(f.Path()+"-shm", "POSIX", writeLock); who != "" {
		return who
	}
	const shared = 0x40000002 // the byte of the file itself that a process locks that needs it alone
	if who := lockOwner(f.Path(), "POSIX", shared); who != "" {
		return who
	}
	return unknownProcess
}

// openingLockOwner names the process that has the lock for opening.
func (f *File) openingLockOwner() string {
	if who := lockOwner(f.NoticePath(), "FLOCK", 0); who != "" {
		return who
	}
	return unknownProcess
}

// lockOwner names the process that has locked a byte of a file against all others,
// as the kernel tells it. It is empty where that is unknown: for a process in
// another container, or on a file system that shows other inode numbers. The file is
// not opened, because closing it would drop the locks of this process.
func lockOwner(path, kind string, at int64) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer locks.Close()
	lines := bufio.NewScanner(locks)
	for lines.Scan() {
		// 1: POSIX  ADVISORY  WRITE 4711 fe:00:12345 120 120
		fields := strings.Fields(lines.Text())
		if len(fields) != 8 || fields[1] != kind || fields[3] != "WRITE" || !strings.HasSuffix(fields[5], fmt.Sprintf(":%d", stat.Ino)) {
			continue
		}
		first, err := strconv.ParseInt(fields[6], 10, 64)
		last, lastErr := strconv.ParseInt(fields[7], 10, 64)
		if err != nil || at < first || lastErr == nil && at > last { // the last byte may be EOF
			continue
		}
		return process(fields[4])
	}
	return ""
}

// process names a process by its PID and its command.
func process(pid string) string {
	if pid == strconv.Itoa(os.Getpid()) {
		return "this process"
	}
	name, err := os.ReadFile("/proc/" + pid + "/comm")
	if err != nil {
		return "process " + pid
	}
	return fmt.Sprintf("process %s (%.15q)", pid, strings.TrimSpace(string(name)))
}
