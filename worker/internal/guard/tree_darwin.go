package guard

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// tree is what is known of a command's descendants: all that were ever seen to
// descend from it. Who forks twice between two looks is never seen.
type tree struct {
	seen map[int]unix.Timeval // by number, with the instant of their start
}

const zombie = 5 // SZOMB

// look adds the descendants that are there now. After an error nothing is known
// to be gone.
func (t *tree) look(root int) error {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return fmt.Errorf("kern.proc.all: %w", err)
	}
	if t.seen == nil {
		t.seen = make(map[int]unix.Timeval)
	}
	began := make(map[int]unix.Timeval, len(all))
	for _, p := range all {
		if p.Proc.P_stat != zombie {
			began[int(p.Proc.P_pid)] = p.Proc.P_starttime
		}
	}
	for pid, start := range t.seen {
		if began[pid] != start {
			delete(t.seen, pid)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			pid, parent := int(p.Proc.P_pid), int(p.Eproc.Ppid)
			_, known := t.seen[pid]
			_, ours := t.seen[parent]
			if !known && p.Proc.P_stat != zombie && (ours || pid == root || parent == root || int(p.Eproc.Pgid) == root) {
				t.seen[pid] = p.Proc.P_starttime
				grown = true
			}
		}
	}
	return nil
}

// kill sends SIGKILL to all that are known to live, and returns their number.
func (t *tree) kill() int {
	for pid, start := range t.seen {
		kill(pid, start)
	}
	return len(t.seen)
}

// kill kills a process, and no other that may have got its number since it was
// looked up; in the instant between the check and the signal that could still
// happen.
func kill(pid int, start unix.Timeval) {
	if k, err := unix.SysctlKinfoProc("kern.proc.pid", pid); err == nil && k.Proc.P_starttime == start {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// process is a process of a guard's command.
type process struct {
	pid  int
	comm string
}

func (process) dead() bool { return false }

// family is what descends from a guard now.
func family(guard int, _ string) ([]process, error) {
	var t tree
	if err := t.look(guard); err != nil {
		return nil, err
	}
	var list []process
	for pid := range t.seen {
		if pid == guard {
			continue
		}
		if k, err := unix.SysctlKinfoProc("kern.proc.pid", pid); err == nil {
			list = append(list, process{pid: pid, comm: unix.ByteSliceToString(k.Proc.P_comm[:])})
		}
	}
	return list, nil
}

// sweep kills what is left in the session of a guard that died: its command's
// group, and what kept to that session.
func sweep(guard int, _ string) {
	for nap := time.Millisecond; ; nap = min(2*nap, 50*time.Millisecond) {
		all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
		left := 0
		for _, p := range all {
			pid := int(p.Proc.P_pid)
			if sid, err := unix.Getsid(pid); err == nil && sid == guard && pid != guard && p.Proc.P_stat != zombie {
				left++
				kill(pid, p.Proc.P_starttime)
			}
		}
		if left == 0 && err == nil {
			return
		}
		time.Sleep(nap)
	}
}

// awaitDeath waits until a child is dead, and leaves it unreaped.
func awaitDeath(pid int) {
	for {
		k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
		if err == nil && k.Proc.P_stat == zombie {
			return
		}
		if unix.Kill(pid, 0) == unix.ESRCH {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// BecomeSubreaper does nothing: there is no such thing here.
func BecomeSubreaper() error { return nil }
