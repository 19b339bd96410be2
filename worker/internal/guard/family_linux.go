package guard

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/procfs"
)

// family returns the processes that belong to the command of a guard:
//
//   - the descendants of the guard;
//   - the processes in its session, which only setsid leaves;
//   - the processes with the mark in their environment, which a program may clear;
//   - in a subreaper, those of its own children that may be orphans.
//
// It counts children that /proc does not show. The guard may be dead but must not
// be reaped, so that no other process or session can have its PID. After an
// error nothing is known to be gone. guards must be locked.
func family(guard int, mark string) ([]process, error) {
	all, err := readProcesses()
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
	if children, err = procfs.Children(strconv.Itoa(guard)); err == nil { // a dead guard has none
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

// addHidden adds a child that /proc, mounted with hidepid, does not show because it
// changed its user or cannot be dumped. It fills in what other system calls tell
// about it.
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

// descends reports whether a process descends from another one.
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
