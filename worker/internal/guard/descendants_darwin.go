package guard

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// descendants are the processes that any scan has seen to descend from a command.
// A process that forks twice between two scans is never seen.
type descendants struct {
	seen map[int]unix.Timeval // the instant at which each was started, by its PID
}

const zombie = 5 // SZOMB

// scan adds the descendants that live now, and removes the dead. After an error
// nothing is known to be gone.
func (d *descendants) scan(root int) error {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return fmt.Errorf("kern.proc.all: %w", err)
	}
	if d.seen == nil {
		d.seen = make(map[int]unix.Timeval)
	}
	starts := make(map[int]unix.Timeval, len(all))
	for _, p := range all {
		if p.Proc.P_stat != zombie {
			starts[int(p.Proc.P_pid)] = p.Proc.P_starttime
		}
	}
	for pid, start := range d.seen {
		if starts[pid] != start {
			delete(d.seen, pid)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			pid, parent := int(p.Proc.P_pid), int(p.Eproc.Ppid)
			_, known := d.seen[pid]
			_, ours := d.seen[parent]
			if !known && p.Proc.P_stat != zombie && (ours || pid == root || parent == root || int(p.Eproc.Pgid) == root) {
				d.seen[pid] = p.Proc.P_starttime
				grown = true
			}
		}
	}
	return nil
}

// kill sends SIGKILL to all of them, and returns their number.
func (d *descendants) kill() int {
	for pid, start := range d.seen {
		kill(pid, start)
	}
	return len(d.seen)
}

// kill kills a process, but not another one that got its PID after the scan,
// unless that happens in the instant between the check and the signal.
func kill(pid int, start unix.Timeval) {
	if k, err := unix.SysctlKinfoProc("kern.proc.pid", pid); err == nil && k.Proc.P_starttime == start {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}
