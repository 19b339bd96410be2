package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
)

// hostOf describes a host that runs the test binary in one of its modes.
func hostOf(t testing.TB, dir, mark, mode string, args ...string) hosted {
	spec := testSpec(t, mark, mode, args...)
	return hosted{Path: spec.Path, Args: spec.Args, Env: spec.Env, Timing: spec.Timing, Dir: dir}
}

func TestKilledUnderstudy_LeavesNothing(t *testing.T) {
	for _, tt := range []struct{ name, setsid string }{{"500 processes", "stay"}, {"500 sessions", "setsid"}} {
		t.Run(tt.name, func(t *testing.T) {
			var took time.Duration
			for range 3 { // the fastest counts, since the machine may have stalled during the others
				took = killLarge(t, tt.setsid)
				fmt.Printf("kill -9 of Understudy to the end of %s: %v (target 50 ms)\n", tt.name, took.Round(100*time.Microsecond))
				if took <= time.Second {
					return
				}
			}
			t.Errorf("gone after %v, want a second at most", took)
		})
	}
}

// killLarge kills Understudy, and returns how long its command's processes lived
// after that.
func killLarge(t *testing.T, setsid string) time.Duration {
	t.Helper()
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	cmd, _ := launch(t, "host", hostOf(t, dir, m, "forest", "500", setsid, file), contains(file, "ready"))
	list := alive(m)
	if len(list) != 501 {
		t.Fatalf("%d processes, want 501", len(list))
	}
	ends := watchEnds(t, list)
	begin := time.Now()
	_ = cmd.Process.Kill()
	waitFor(t, "all of them to end", ends)
	took := time.Since(begin)
	wantGone(t, m)
	return took
}

func TestKilledUnderstudy_EndsAPreparedGuard(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	h := hostOf(t, dir, m, "exit", "1")
	h.Prepare = true
	cmd, guard := launch(t, "host", h, contains(filepath.Join(dir, "result"), "prepared"))
	_ = cmd.Process.Kill()
	waitFor(t, "the guard to exit", func() bool { return !isAlive(guard) })
}

func TestKilledUnderstudy_LosesTheGroupWhileTheGuardIsFrozen(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	cmd, guard := launch(t, "host", hostOf(t, dir, m, "forest", "5", "stay", file), contains(file, "ready"))
	freeze(t, guard)
	_ = cmd.Process.Kill()
	waitFor(t, "the group's end", func() bool { return len(alive(m)) == 0 })
}

func TestKilledGuard_LeavesNothing(t *testing.T) {
	for _, tt := range []struct {
		name      string
		subreaper bool
	}{{"subreaper", true}, {"library", false}} {
		t.Run(tt.name, func(t *testing.T) {
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, "forest", "20", "setsid", file)
			h.Restart, h.Subreaper = config.RestartNever, tt.subreaper
			_, guard := launch(t, "host", h, contains(file, "ready"))
			_ = unix.Kill(guard, unix.SIGKILL)
			waitFor(t, "Run to return", contains(filepath.Join(dir, "result"), ErrFailed.Error()+": its guard died"))
			wantGone(t, m)
		})
	}
}

func TestKilledGuard_IsFollowedByARestartUnderANewOne(t *testing.T) {
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "polite", file)
	h.Subreaper = true
	cmd, guard := launch(t, "host", h, contains(file, "ready"))
	_ = unix.Kill(guard, unix.SIGKILL)
	waitFor(t, "the command to be restarted", func() bool { return count(file, "ready") >= 2 })
	if again := guardOf(t, cmd.Process.Pid); again == guard {
		t.Error("the guard is still the old one")
	}
}

func TestFrozenUnderstudy_LosesItsCommandBeforeTheLeasesEnd(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "forest", "20", "setsid", file)
	h.Timing.OrphanAfter = 18 * time.Second // they get SIGTERM, of which they die, about 5 s after a beat, and 10 s before the lease's end
	cmd, _ := launch(t, "host", h, contains(file, "ready"))
	freeze(t, cmd.Process.Pid)
	latest := boottime.Now() + h.Timing.Lease() // no lease ends later
	waitFor(t, "everything's end", func() bool { return len(alive(m)) == 0 })
	end := boottime.Now()
	t.Logf("frozen Understudy: gone %v before the latest possible end of the lease", (latest - end).Round(time.Millisecond))
	if end > latest {
		t.Errorf("gone %v after the lease", end-latest)
	}
}

func TestFrozenUnderstudy_CommandGetsSIGTERMTheGraceBeforeTheLeasesEnd(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "polite", file)
	h.Lease = h.Timing.StopGrace + leeway
	cmd, _ := launch(t, "host", h, contains(file, "ready"))
	freeze(t, cmd.Process.Pid)
	waitFor(t, "the command to terminate", contains(file, "terminated"))
	left := instant(t, filepath.Join(dir, "lease")) - instant(t, file+".at")
	if left > h.Timing.StopGrace || left < h.Timing.KillMargin() {
		t.Errorf("SIGTERM came %v before the lease's end, want the grace of %v", left, h.Timing.StopGrace)
	}
	waitFor(t, "its end", func() bool { return len(alive(m)) == 0 })
}

func TestEverythingFrozen_IsKilledByTheKernelAtTheLeasesEnd(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"tick", "deaf"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, mode, file)
			h.Timing.StopGrace = leeway
			h.Lease = h.Timing.StopGrace + leeway
			cmd, guard := launch(t, "host", h, func() bool { data, _ := os.ReadFile(file); return len(data) > 0 })
			freeze(t, cmd.Process.Pid)
			freeze(t, guard)
			waitFor(t, "the command's end", func() bool { return len(alive(m)) == 0 })
			after := lastInstant(t, file) - instant(t, filepath.Join(dir, "lease"))
			t.Logf("everything frozen, %s: last sign of life %v after the lease's end", mode, after.Round(10*time.Microsecond))
			if after > leeway { // it is about a millisecond, unless one processor stalls and the other does not
				t.Errorf("lived %v after the lease", after)
			}
			if after < -h.Timing.StopGrace/2 {
				t.Errorf("ended %v before the lease: the kernel did not kill it", -after)
			}
		})
	}
}

func TestFrozenGuard_IsKilledByTheKernelWhileLeasesQueue(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "stubborn", file)
	h.Timing.OrphanAfter, h.Timing.StopGrace = 6*time.Second, shortGrace // the guard acts 4.6 s after a beat
	cmd, guard := launch(t, "host", h, contains(file, "ready"))
	freeze(t, guard) // leases queue, and the one that the guard knows ends
	waitFor(t, "the kernel to kill the guard", func() bool { return !isAlive(guard) })
	waitFor(t, "the command to be restarted", func() bool { return count(file, "ready") >= 2 })
	_ = cmd.Process.Kill()
	waitFor(t, "everything's end", func() bool { return len(alive(m)) == 0 })
}

// watchEnds returns a condition: all of the processes have ended.
func watchEnds(t testing.TB, pids []int) func() bool {
	var fds []int
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		fds = append(fds, fd)
	}
	return func() bool {
		for len(fds) > 0 {
			n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fds[0]), Events: unix.POLLIN}}, 100)
			if n == 0 {
				return false
			}
			fds = fds[1:]
		}
		return true
	}
}

// freeze stops a process and waits until it is stopped.
func freeze(t testing.TB, pid int) {
	t.Helper()
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGCONT) })
	waitFor(t, "the process to be stopped", func() bool { return state(pid) == "T" })
}

func isAlive(pid int) bool { s := state(pid); return s != "" && s != "Z" && s != "X" }

func state(pid int) string {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:min(1, len(rest))]
}

func instant(t testing.TB, file string) time.Duration {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n)
}

func lastInstant(t testing.TB, file string) time.Duration {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n") // the last one is empty, or was cut off
	n, err := strconv.ParseInt(lines[max(0, len(lines)-2)], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n)
}
