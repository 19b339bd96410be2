package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// tied returns how many groups a guard has tied besides the command's. For each, the
// guard opens its end of the pipe again.
func tied(guard int) int {
	dir := fmt.Sprintf("/proc/%d/fd", guard)
	pipe, err := os.Readlink(filepath.Join(dir, "4"))
	if err != nil {
		return -1
	}
	entries, _ := os.ReadDir(dir)
	n := -2 // the end that it was started with, and the command's tie
	for _, entry := range entries {
		if link, _ := os.Readlink(filepath.Join(dir, entry.Name())); link == pipe {
			n++
		}
	}
	return n
}

// doubleFailures are two failures at once, after which nobody can search for what is left.
var doubleFailures = []struct {
	name string
	fail func(t testing.TB, understudy, guard int)
}{
	{"both killed", func(t testing.TB, understudy, guard int) {
		_ = unix.Kill(understudy, unix.SIGKILL)
		_ = unix.Kill(guard, unix.SIGKILL)
	}},
	{"both killed, the guard first", func(t testing.TB, understudy, guard int) {
		_ = unix.Kill(guard, unix.SIGKILL)
		_ = unix.Kill(understudy, unix.SIGKILL)
	}},
	{"Understudy frozen, the guard killed", func(t testing.TB, understudy, guard int) {
		freeze(t, understudy)
		_ = unix.Kill(guard, unix.SIGKILL)
	}},
	{"the guard frozen, Understudy killed", func(t testing.TB, understudy, guard int) {
		freeze(t, guard)
		_ = unix.Kill(understudy, unix.SIGKILL)
	}},
}

func TestTies_TwoFailuresLeaveNoGroup(t *testing.T) {
	for _, tt := range doubleFailures {
		t.Run(tt.name, func(t *testing.T) {
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, "forest", "20", "setsid", file)
			h.Subreaper = true
			cmd, guard := launch(t, "host", h, contains(file, "ready"))
			waitFor(t, "all sessions to be tied", func() bool { return tied(guard) == 20 })
			tt.fail(t, cmd.Process.Pid, guard)
			waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
		})
	}
}

// A tie of the guard's own group would kill the guard itself, so the guard ties the
// process alone.
func TestTies_TwoFailuresLeaveNobodyInTheGuardsGroup(t *testing.T) {
	for _, tt := range doubleFailures {
		t.Run(tt.name, func(t *testing.T) {
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			cmd, guard := launch(t, "host", hostOf(t, dir, m, "guest", file), contains(file, "ready"))
			waitFor(t, "the guest to be tied", func() bool { return tied(guard) == 1 })
			tt.fail(t, cmd.Process.Pid, guard)
			waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
		})
	}
}

func TestTies_BothFrozenLeaveNoGroupAtTheLeasesEnd(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "forest", "20", "setsid", file)
	h.Timing.StopGrace = leeway
	h.Lease = h.Timing.StopGrace + leeway
	cmd, guard := launch(t, "host", h, contains(file, "ready"))
	waitFor(t, "all sessions to be tied", func() bool { return tied(guard) == 20 })
	freeze(t, cmd.Process.Pid)
	freeze(t, guard)
	waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
	after := boottime.Now() - instant(t, filepath.Join(dir, "lease"))
	if after < -h.Timing.StopGrace/2 {
		t.Errorf("ended %v before the lease: the kernel did not kill it", -after)
	}
}

func TestTies_OfGroupsThatAreGoneAreClosed(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hosted{
		Path: "/bin/sh", Args: []string{"sh", "-c", "for i in 1 2 3; do setsid -f sleep 1000; done; echo ready >" + file + "; exec sleep 1000"},
		Env: append(os.Environ(), m), Timing: testTiming, Dir: dir,
	}
	_, guard := launch(t, "host", h, contains(file, "ready"))
	waitFor(t, "all sessions to be tied", func() bool { return tied(guard) == 3 })
	pids := alive(m)
	for _, pid := range pids {
		if parentOf(t, pid) == guard && pgidOf(pid) == pid && sidOf(pid) == pid { // the guard has adopted it, and reaps it
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	waitFor(t, "the ties to be closed", func() bool { return tied(guard) == 0 })
	if left := alive(m); len(pids) != 4 || len(left) != 1 {
		t.Errorf("of %v there are %v, want the command alone", pids, left)
	}
}

func pgidOf(pid int) int { pgid, _ := unix.Getpgid(pid); return pgid }
func sidOf(pid int) int  { sid, _ := unix.Getsid(pid); return sid }
