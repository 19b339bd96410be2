package guard

import (
	"time"

	"golang.org/x/sys/unix"
)

// process is a process of a guard's command.
type process struct {
	pid  int
	comm string
}

func (process) dead() bool { return false }

// family returns the processes that descend from a guard now.
func family(guard int, _ string) ([]process, error) {
	var d descendants
	if err := d.scan(guard); err != nil {
		return nil, err
	}
	var list []process
	for pid := range d.seen {
		if pid == guard {
			continue
		}
		if k, err := unix.SysctlKinfoProc("kern.proc.pid", pid); err == nil {
			list = append(list, process{pid: pid, comm: unix.ByteSliceToString(k.Proc.P_comm[:])})
		}
	}
	return list, nil
}

// killLeftovers kills what is left in the session of a guard that died: the group of its
// command, and whatever else stayed in that session.
func killLeftovers(guard int, _ string) {
	for backoff := time.Millisecond; ; backoff = min(2*backoff, 50*time.Millisecond) {
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
		time.Sleep(backoff)
	}
}

// awaitDeath waits until a child is dead, and does not reap it.
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

// BecomeSubreaper does nothing: macOS has no subreapers.
func BecomeSubreaper() error { return nil }
