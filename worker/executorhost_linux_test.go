package worker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/guardname"
)

// runExecutorHost is the mode "host" with an executor. It returns the exit code.
func runExecutorHost(h hosted, log zerolog.Logger) int {
	e, err := NewExecutor(ExecutorSpec{Timing: h.Timing, Ready: h.Runs, Isolation: h.Isolation, Log: log})
	if err != nil {
		panic(err)
	}
	e.Extend(boottime.Now() + time.Hour)
	for tries := 0; len(readyGuards(e)) < h.Runs && tries < 100; tries++ {
		var warm sync.WaitGroup
		for range h.Runs {
			warm.Go(func() { e.Run(context.Background(), Execution{Path: "sleep", Args: []string{"sleep", "0.1"}}) })
		}
		warm.Wait()
		e.replacing.Wait()
	}
	if h.Prepare {
		appendLine(filepath.Join(h.Dir, "result"), "prepared")
		time.Sleep(time.Hour)
	}
	until := boottime.Now() + h.Lease
	if h.Lease == 0 {
		until = boottime.Now() + h.Timing.Lease()
		go func() {
			for {
				time.Sleep(h.Timing.Interval)
				e.Extend(boottime.Now() + h.Timing.Lease())
			}
		}()
	}
	e.mu.Lock()
	e.lease = until
	e.mu.Unlock()
	appendLine(filepath.Join(h.Dir, "lease"), fmt.Sprint(int64(until)))
	var runs sync.WaitGroup
	for i := range h.Runs {
		runs.Go(func() {
			args := append([]string{}, h.Args...)
			args[len(args)-1] += fmt.Sprint(i)
			end := e.Run(context.Background(), Execution{Path: h.Path, Args: args, Env: h.Env})
			appendLine(filepath.Join(h.Dir, "result"), end.Outcome.String())
		})
	}
	runs.Wait()
	return 0
}

const hostRuns = 3

// launchRuns starts a host with runs of the test binary in one of its modes, which
// write to FILE0, FILE1 and so on as soon as they are ready. It returns the host and its
// guards.
func launchRuns(t testing.TB, h hosted, file string) (*exec.Cmd, []int) {
	t.Helper()
	h.Runs = hostRuns
	ready := func() bool {
		for i := range hostRuns {
			if data, _ := os.ReadFile(fmt.Sprint(file, i)); len(data) == 0 {
				return false
			}
		}
		return true
	}
	cmd, _ := launch(t, "host", h, ready)
	return cmd, guardsOf(t, cmd.Process.Pid, hostRuns)
}

// guardsOf waits until a process has n guards, and returns them.
func guardsOf(t testing.TB, pid, n int) (guards []int) {
	t.Helper()
	waitFor(t, fmt.Sprint(n, " guards"), func() bool {
		guards = nil
		for _, child := range childrenOf(pid) {
			if commOf(child) == guardname.Name {
				guards = append(guards, child)
			}
		}
		return len(guards) == n
	})
	return guards
}

func TestExecutorHost_KilledUnderstudyLeavesNothingOfThreeRuns(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"stubborn", "forest"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, mode, file)
			if mode == "forest" {
				h.Args = []string{h.Args[0], "20", "setsid", file}
			}
			cmd, guards := launchRuns(t, h, file)
			_ = cmd.Process.Kill()
			waitFor(t, "everything's end", func() bool { return len(alive(m)) == 0 })
			for _, guard := range guards {
				waitFor(t, "the guard to exit", func() bool { return !isAlive(guard) })
			}
		})
	}
}

func TestExecutorHost_KilledUnderstudyEndsIdleGuards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := hostOf(t, dir, testMark(), "exit", "0")
	h.Prepare, h.Runs = true, hostRuns
	cmd, _ := launch(t, "host", h, contains(filepath.Join(dir, "result"), "prepared"))
	guards := guardsOf(t, cmd.Process.Pid, hostRuns)
	_ = cmd.Process.Kill()
	for _, guard := range guards {
		waitFor(t, "the guard to exit", func() bool { return !isAlive(guard) })
	}
}

func TestExecutorHost_FrozenUnderstudyLosesItsRunsBeforeTheLeasesEnd(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"polite", "stubborn"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, mode, file)
			h.Timing.OrphanAfter, h.Timing.StopGrace = time.Minute, leeway
			h.Lease = h.Timing.StopGrace + leeway
			cmd, _ := launchRuns(t, h, file)
			freeze(t, cmd.Process.Pid)
			waitFor(t, "everything's end", func() bool { return len(alive(m)) == 0 })
			left := instant(t, filepath.Join(dir, "lease")) - boottime.Now()
			t.Logf("frozen Understudy, %s: gone %v before the lease's end", mode, left.Round(time.Millisecond))
			if left < 0 {
				t.Errorf("gone %v after the lease's end", -left)
			}
			if got := contains(file+"0", "terminated")(); got != (mode == "polite") {
				t.Errorf("terminated by SIGTERM: %v", got)
			}
		})
	}
}

func TestExecutorHost_EverythingFrozenIsKilledByTheKernelAtTheLeasesEnd(t *testing.T) {
	t.Parallel()
	dir, m := t.TempDir(), testMark()
	file := filepath.Join(dir, "log")
	h := hostOf(t, dir, m, "deaf", file)
	h.Timing.OrphanAfter, h.Timing.StopGrace = time.Minute, leeway
	h.Lease = h.Timing.StopGrace + leeway
	cmd, guards := launchRuns(t, h, file)
	freeze(t, cmd.Process.Pid)
	for _, guard := range guards {
		freeze(t, guard)
	}
	waitFor(t, "the runs' end", func() bool { return len(alive(m)) == 0 })
	for i := range hostRuns {
		after := lastInstant(t, fmt.Sprint(file, i)) - instant(t, filepath.Join(dir, "lease"))
		if after > leeway || after < -h.Timing.StopGrace/2 { // it is about a millisecond, unless one processor stalls and the other does not
			t.Errorf("run %d: last sign of life %v after the lease's end", i, after)
		}
	}
}

// A guard that has served a run ties the next one as well.
func TestExecutorHost_TwoFailuresLeaveNoGroupOfTheNextRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fail func(t *testing.T, understudy int, guards []int)
	}{
		{"all killed", func(t *testing.T, understudy int, guards []int) {
			for _, pid := range append([]int{understudy}, guards...) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}},
		{"all killed, the guards first", func(t *testing.T, understudy int, guards []int) {
			for _, pid := range append(guards, understudy) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}},
		{"Understudy frozen, the guards killed", func(t *testing.T, understudy int, guards []int) {
			freeze(t, understudy)
			for _, pid := range guards {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}},
		{"the guards frozen, Understudy killed", func(t *testing.T, understudy int, guards []int) {
			for _, pid := range guards {
				freeze(t, pid)
			}
			_ = unix.Kill(understudy, unix.SIGKILL)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, "forest", "5", "setsid", file)
			h.Subreaper = true
			cmd, guards := launchRuns(t, h, file)
			for _, guard := range guards {
				waitFor(t, "all sessions to be tied", func() bool { return tied(guard) == 5 })
			}
			tt.fail(t, cmd.Process.Pid, guards)
			waitFor(t, "everybody's end", func() bool { return len(alive(m)) == 0 })
		})
	}
}

// Understudy, as a subreaper, takes all of its orphans for those of the guard that died.
func TestExecutorHost_KilledGuardLeavesNothingAndSparesOtherRuns(t *testing.T) {
	t.Parallel()
	for _, subreaper := range []bool{false, true} {
		t.Run(fmt.Sprint("subreaper ", subreaper), func(t *testing.T) {
			t.Parallel()
			dir, m := t.TempDir(), testMark()
			file := filepath.Join(dir, "log")
			h := hostOf(t, dir, m, "forest", "5", "setsid", file)
			h.Subreaper = subreaper
			_, guards := launchRuns(t, h, file)
			_ = unix.Kill(guards[0], unix.SIGKILL)
			waitFor(t, "its run to be over", contains(filepath.Join(dir, "result"), GuardDied.String()))
			if list := alive(m); len(list) != 2*6 || count(filepath.Join(dir, "result"), "") != 1 {
				t.Errorf("%d processes, want those of two runs; over: %d", len(list), count(filepath.Join(dir, "result"), ""))
			}
		})
	}
}
