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
	subreaper bool           // orphans of our commands become children of this process
	earlier   map[int]string // the children that it had before that, and when they started
)

// BecomeSubreaper makes this process the parent of what its guards' deaths
// leave behind. It becomes that of all other orphans among its descendants,
// too, and buries them.
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
	earlier = make(map[int]string)
	for _, pid := range list {
		p, err := lookUp(pid)
		if err != nil && err != errNone {
			return err
		}
		earlier[pid] = p.start
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	subreaper = true
	if hasHandles() {
		deaths := make(chan os.Signal, 1)
		signal.Notify(deaths, unix.SIGCHLD)
		go func() {
			for {
				buryOrphans()
				<-deaths
			}
		}()
	}
	return nil
}

// buryOrphans buries the dead children that nobody in this process waits for.
// Each time it looks at all of them: behind one that is waited for, perhaps not
// soon, there may be others.
func buryOrphans() {
	guards.Lock() // a sweep relies on the numbers of our children, the dead included
	defer guards.Unlock()
	list, _ := procfs.Children("self") // of what it leaves out, the next death reminds us
	var waited map[int]bool
	for _, pid := range list {
		if guards.pids[pid] || peek(unix.P_PID, pid) != pid {
			continue
		}
		if waited == nil {
			var err error
			if waited, err = handles(); err != nil {
				return
			}
		}
		if !waited[pid] {
			bury(pid, nil)
		}
	}
}

// hasHandles reports whether package os holds a pidfd of each process that it
// starts, until it was waited for.
func hasHandles() bool {
	me, err := os.FindProcess(os.Getpid())
	if err != nil {
		return false
	}
	defer func() { _ = me.Release() }()
	return me.WithHandle(func(uintptr) {}) == nil
}

// handles are the processes that this one holds a pidfd of.
func handles() (map[int]bool, error) {
	const dir = "/proc/self/fdinfo"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	pids := make(map[int]bool)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil && !errors.Is(err, unix.ENOENT) { // closed meanwhile
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
