package guard

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// guards must be locked for these.
var (
	subreaper bool        // this process becomes the parent of orphans
	earlier   map[int]int // the children before it was a subreaper, each with its pidfd, or -1
	adopted   children    // of the main thread, which adopts orphans
)

// BecomeSubreaper makes this process the parent of the processes that its guards
// leave behind when they die. It becomes the parent of all other orphans among its
// descendants, too, and reaps them.
func BecomeSubreaper() error {
	guards.Lock()
	defer guards.Unlock()
	if subreaper {
		return nil
	}
	list, err := procfs.Children("self")
	if err != nil {
		return err
	}
	earlier = make(map[int]int)
	for _, pid := range list {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil { // an old kernel, or a sandbox without pidfds
			fd = -1
		}
		earlier[pid] = fd
	}
	if adopted, err = openChildren("self/task/" + strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	subreaper = true
	reserveThreads(leftoversThreads)
	if hasHandles() {
		deaths := make(chan os.Signal, 1)
		signal.Notify(deaths, unix.SIGCHLD)
		go func() {
			for {
				reapOrphans()
				<-deaths
			}
		}()
	}
	return nil
}

// reapOrphans reaps the dead children that nobody in this process waits for. It
// looks at all children each time: others may be dead besides one that somebody
// waits for, but perhaps not soon.
func reapOrphans() {
	guards.Lock() // killLeftovers relies on dead children keeping their PIDs
	defer guards.Unlock()
	list, _ := procfs.Children("self") // after the next death, the list has what this one lacks
	var waited map[int]bool
	for _, pid := range list {
		if guards.pids[pid] || procfs.Peek(unix.P_PID, pid) != pid {
			continue
		}
		if waited == nil {
			var err error
			if waited, err = handles(); err != nil {
				return
			}
		}
		if !waited[pid] {
			reapChild(pid, nil)
		}
	}
}

// hasHandles reports whether package os holds a pidfd of each process that it
// starts, until somebody has waited for that.
func hasHandles() bool {
	me, err := os.FindProcess(os.Getpid())
	if err != nil {
		return false
	}
	defer func() { _ = me.Release() }()
	return me.WithHandle(func(uintptr) {}) == nil
}

// handles returns the processes of which this process holds a pidfd, other than
// those in earlier.
func handles() (map[int]bool, error) {
	const dir = "/proc/self/fdinfo"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	ours := make(map[string]bool)
	for _, fd := range earlier {
		ours[strconv.Itoa(fd)] = true
	}
	pids := make(map[int]bool)
	for _, entry := range entries {
		if ours[entry.Name()] {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil && !errors.Is(err, unix.ENOENT) { // it was closed in the meantime
			return nil, err
		}
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, "Pid:"); ok {
				pid, _ := strconv.Atoi(strings.TrimSpace(value))
				pids[pid] = true
			}
		}
	}
	return pids, nil
}
