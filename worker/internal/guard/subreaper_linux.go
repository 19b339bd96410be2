package guard

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// guards must be locked for these.
var (
	subreaper bool        // orphans of our commands become children of this process
	earlier   map[int]int // the children that it had before that, and a pidfd of each, or -1
	adopted   children    // those of the thread that adopts
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
	earlier = make(map[int]int)
	for _, pid := range list {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil { // an old kernel, or a sandbox that knows no pidfds
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
	reserveThreads(spareThreads)
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

// spareThreads are more than what goes on in a process at the same time while it
// sweeps.
const spareThreads = 6

// reserveThreads has the runtime keep some threads idle. When the limit of
// processes is reached, as it may be by the dead that a sweep has yet to bury, it
// could make no more, and Go would abort.
func reserveThreads(n int) {
	var have, gone sync.WaitGroup
	leave := make(chan struct{})
	have.Add(n)
	for range n {
		gone.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			have.Done()
			<-leave
		})
	}
	have.Wait()
	close(leave)
	gone.Wait()
}

// isOrphan reports whether a child of this process may be what a dead guard left
// behind: it is no guard, was not there before we became a subreaper, and is not
// in our own session, into which nothing of a guard's can come. It does not ask
// /proc, which may hide a child. guards must be locked.
func isOrphan(pid int) bool {
	if !subreaper || guards.pids[pid] || isEarlier(pid) {
		return false
	}
	sid, _, errno := unix.RawSyscall(unix.SYS_GETSID, uintptr(pid), 0, 0)
	own, _, _ := unix.RawSyscall(unix.SYS_GETSID, 0, 0, 0)
	return errno == 0 && sid != own
}

// isEarlier reports whether a child was there before we became a subreaper, and
// is not another one that got its number.
func isEarlier(pid int) bool {
	fd, ok := earlier[pid]
	if ok && fd >= 0 && procfs.Peek(unix.P_PIDFD, fd) == -1 { // it was buried
		_ = unix.Close(fd)
		delete(earlier, pid)
		ok = false
	}
	return ok
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

// handles are the processes that this one holds a pidfd of, but for ours of the
// earlier children.
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
