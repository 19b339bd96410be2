package guard

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// subreaper says that orphans of our commands become children of this process.
var subreaper atomic.Bool

// BecomeSubreaper makes this process the parent of what its guards' deaths
// leave behind.
func BecomeSubreaper() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	subreaper.Store(true)
	return nil
}

// process is a line of /proc/PID/stat.
type process struct {
	pid, ppid, sid int
	state          byte
	start          string
	comm           string
}

func (p process) dead() bool { return p.state == 'Z' || p.state == 'X' }

// lookUp reads one process. It is not ok if there is none.
func lookUp(pid int) (p process, ok bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return p, false
	}
	head, tail, ok := cutLast(string(stat), ") ")
	f := strings.Fields(tail)
	if !ok || len(f) < 20 {
		return p, false
	}
	_, comm, _ := strings.Cut(head, "(")
	p = process{pid: pid, state: f[0][0], start: f[19], comm: comm}
	p.ppid, _ = strconv.Atoi(f[1])
	p.sid, _ = strconv.Atoi(f[3])
	return p, true
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// family is what belongs to the command of a guard, which may be dead but must
// not be reaped, so that its number and its session's are its own:
//
//   - what descends from the guard;
//   - what is in its session, which only setsid leaves;
//   - what has the mark in its environment, which a program may clear;
//   - as a subreaper: our own children, but for guards and those in our own
//     session, into which nothing of a guard's can come.
func family(guard int, mark string) []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	all := make(map[int]process)
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if p, ok := lookUp(pid); ok {
				all[pid] = p
			}
		}
	}
	guards.Lock()
	defer guards.Unlock()
	me := all[os.Getpid()]
	var list []process
	for pid, p := range all {
		switch {
		case guards.pids[pid] || pid == me.pid:
		case p.sid == guard, descends(all, pid, guard), hasMark(pid, mark),
			subreaper.Load() && p.ppid == me.pid && p.sid != me.sid:
			list = append(list, p)
		}
	}
	return list
}

func descends(all map[int]process, pid, from int) bool {
	for range len(all) {
		p, ok := all[pid]
		if !ok {
			return false
		}
		if p.ppid == from {
			return true
		}
		pid = p.ppid
	}
	return false
}

func hasMark(pid int, mark string) bool {
	if mark == "" {
		return false
	}
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	return err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"\x00"))
}

// sweep kills what a dead guard left behind, until nothing of it is found
// twice in a row. The guard itself must not have been reaped yet.
func sweep(guard int, mark string) {
	me := os.Getpid()
	nap := time.Millisecond
	for clean := 0; clean < 2; {
		found := false
		for _, p := range family(guard, mark) {
			switch {
			case p.ppid == me:
				sigkill(p.pid) // our own child: its number is its own until we bury it
				bury(p.pid, nil)
				found = true
			case !p.dead():
				killOther(p)
				found = true
			}
		}
		if !found {
			clean++
			continue
		}
		clean = 0
		time.Sleep(nap)
		nap = min(2*nap, 50*time.Millisecond)
	}
}

// killOther kills a process that is not our child, and no other that may have
// got its number since it was looked up.
func killOther(p process) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if again, ok := lookUp(p.pid); ok && again.start == p.start {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// awaitDeath waits until a child is dead, and leaves it unreaped.
func awaitDeath(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return
		}
	}
}
