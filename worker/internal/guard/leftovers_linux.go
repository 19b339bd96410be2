package guard

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// killLeftovers kills what a dead guard left of its command, until two scans in a row
// find nothing. While the scans fail it goes on, and Survivors says why. The guard must
// not be reaped before killLeftovers returns.
func killLeftovers(guard int, mark string) {
	var backoff time.Duration
	for clean := 0; clean < 2; {
		found, reaped := killLeftoversOnce(guard, mark)
		if !found {
			clean++
			continue
		}
		clean = 0
		backoff = nextBackoff(backoff, 0, reaped)
		time.Sleep(backoff)
	}
}

// killLeftoversOnce scans and kills once. It reports whether it found a process, or
// could not tell, and whether it reaped one. From the scan to the signal nobody else may
// reap a child, so that no other process can have its PID.
func killLeftoversOnce(guard int, mark string) (found, reaped bool) {
	guards.Lock()
	defer guards.Unlock()
	if subreaper {
		found, reaped = adopted.killOrphans()
	}
	me := os.Getpid()
	list, err := family(guard, mark)
	for _, p := range list {
		switch {
		case p.ppid == me:
			sigkill(p.pid)
			reaped = reapChild(p.pid, nil) || reaped
			found = true
		case !p.dead():
			killDeep(p)
			found = true
		}
	}
	return found || err != nil, reaped
}

// killDeep kills a process that is not a child of this one, but not another process
// that got its PID after the scan.
func killDeep(p process) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if again, err := readProcess(p.pid); err == nil && again.start == p.start {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// awaitDeath waits until a child is dead, and does not reap it.
func awaitDeath(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return
		}
	}
}
