package guard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// process is a line of /proc/PID/stat.
type process struct {
	pid, ppid, sid int
	threads        int
	state          byte
	start          string
	comm           string
}

// dead reports whether nothing of it runs: a process whose first thread has
// exited is shown as a zombie while the others go on.
func (p process) dead() bool { return p.state == 'X' || p.state == 'Z' && p.threads <= 1 }

// errNone says that there is no such process, or that it is none of ours.
var errNone = errors.New("no such process")

// readProc reads a file of a process. errNone: it is gone, or another user's
// that a /proc mounted with hidepid does not show. Any other error says
// nothing of the process.
func readProc(pid int, name string) ([]byte, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + name)
	for _, none := range []error{unix.ENOENT, unix.ESRCH, unix.EACCES, unix.EPERM} {
		if errors.Is(err, none) {
			return nil, errNone
		}
	}
	return data, err
}

// lookUp reads one process. errNone.
func lookUp(pid int) (p process, err error) {
	stat, err := readProc(pid, "stat")
	if err != nil {
		return p, err
	}
	head, tail, ok := cutLast(string(stat), ") ")
	f := strings.Fields(tail)
	if !ok || len(f) < 20 {
		return p, fmt.Errorf("/proc/%d/stat: %.100q", pid, stat)
	}
	_, comm, _ := strings.Cut(head, "(")
	p = process{pid: pid, state: f[0][0], start: f[19], comm: comm}
	p.ppid, _ = strconv.Atoi(f[1])
	p.sid, _ = strconv.Atoi(f[3])
	p.threads, _ = strconv.Atoi(f[17])
	return p, nil
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
//   - as a subreaper: those of our own children that may be orphans.
//
// A child that /proc does not show belongs to us all the same. After an error nothing is known to be gone. guards must be locked.
func family(guard int, mark string) ([]process, error) {
	all, err := everybody()
	if err != nil {
		return nil, err
	}
	me := os.Getpid()
	if _, ok := all[me]; !ok {
		return nil, errors.New("/proc does not show this process")
	}
	children, err := procfs.Children("self")
	if err != nil {
		return nil, err
	}
	for _, pid := range children {
		addHidden(all, pid, me)
	}
	if children, err = procfs.Children(strconv.Itoa(guard)); err == nil { // of a dead one there are none
		for _, pid := range children {
			addHidden(all, pid, guard)
		}
	}
	var list []process
	for pid, p := range all {
		if guards.pids[pid] || pid == me {
			continue
		}
		ours := p.sid == guard || descends(all, pid, guard) || p.ppid == me && isOrphan(pid)
		if !ours {
			if ours, err = hasMark(pid, mark); err != nil {
				return nil, err
			}
		}
		if ours {
			list = append(list, p)
		}
	}
	return list, nil
}

// addHidden adds a child that a /proc mounted with hidepid does not show, since
// it changed its user or can't be dumped, as what may be told of it all the same.
func addHidden(all map[int]process, pid, parent int) {
	if _, shown := all[pid]; shown {
		return
	}
	p := process{pid: pid, ppid: parent, state: 'R', threads: 1, comm: "(hidden by /proc)"}
	p.sid, _ = unix.Getsid(pid)
	if procfs.Peek(unix.P_PID, pid) == pid {
		p.state = 'Z'
	}
	all[pid] = p
}

// everybody reads all processes.
func everybody() (map[int]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all := make(map[int]process)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		switch p, err := lookUp(pid); {
		case err == nil:
			all[pid] = p
		case err != errNone:
			return nil, err
		}
	}
	return all, nil
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

func hasMark(pid int, mark string) (bool, error) {
	if mark == "" {
		return false, nil
	}
	env, err := readProc(pid, "environ")
	if err == errNone {
		return false, nil
	}
	return bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"\x00")), err
}

// sweep kills what a dead guard left behind, until nothing of it is found
// twice in a row. While that can't be told it goes on trying; Survivors says
// why. The guard itself must not have been reaped yet.
func sweep(guard int, mark string) {
	var nap time.Duration
	for clean := 0; clean < 2; {
		found, buried := sweepOnce(guard, mark)
		if !found {
			clean++
			continue
		}
		clean = 0
		nap = napAfter(nap, 0, buried)
		time.Sleep(nap)
	}
}

// sweepOnce reports whether something was found, or could not be told, and
// whether some of it could be buried. From the look to the signal, nobody but us
// may bury a child: its number is its own.
func sweepOnce(guard int, mark string) (found, buried bool) {
	guards.Lock()
	defer guards.Unlock()
	if subreaper {
		found, buried = adopted.cull()
	}
	me := os.Getpid()
	list, err := family(guard, mark)
	for _, p := range list {
		switch {
		case p.ppid == me:
			sigkill(p.pid)
			buried = bury(p.pid, nil) || buried
			found = true
		case !p.dead():
			killOther(p)
			found = true
		}
	}
	return found || err != nil, buried
}

// killOther kills a process that is not our child, and no other that may have
// got its number since it was looked up.
func killOther(p process) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if again, err := lookUp(p.pid); err == nil && again.start == p.start {
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
