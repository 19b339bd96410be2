package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/guardname"
)

// outputOf runs a script, and returns what it wrote to its standard output.
func outputOf(t testing.TB, e *Executor, x Execution) string {
	t.Helper()
	var got streams
	x.Output = got.add
	if end := e.Run(t.Context(), x); !end.Succeeded() {
		t.Fatalf("%s: %+v\n%s", x.Name, end, got.err.String())
	}
	return got.out.String()
}

func TestExecutor_NothingOfARunReachesTheNext(t *testing.T) {
	t.Parallel()
	const tell = "pwd; ulimit -n; umask; cat /proc/self/oom_score_adj; cut -d' ' -f19 /proc/self/stat; grep -E '^(SigPnd|ShdPnd|SigBlk|SigIgn)' /proc/self/status; ls /proc/self/fd"
	strange := script("FRUIT=apple", "umask 077; ulimit -n 100; renice 5 $$; trap '' TERM HUP; exec 9</dev/null; "+tell)
	strange.Dir = t.TempDir()
	x := Execution{Path: "/bin/sh", Args: []string{"sh", "-c", tell + "; env | sort | grep -v ^" + config.EnvRun}}
	want := outputOf(t, newExecutor(t, 0), x)
	e := newExecutor(t, 1)
	guard := useOnce(t, e)
	before := outputOf(t, e, strange)
	if got := outputOf(t, e, x); got != want || before == want || strings.Contains(got, "apple") {
		t.Errorf("under a used guard:\n%s\nunder a fresh one:\n%s", got, want)
	}
	if list := readyGuards(e); !slices.Equal(list, []int{guard}) {
		t.Skipf("guards %v are ready, and not the one with number %d: the machine stalled", list, guard)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if dir, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", guard)); dir != home {
		t.Errorf("the idle guard is in %s, want %s", dir, home)
	}
}

func TestExecutor_EachRunHasItsOwnMark(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, 1)
	x := Execution{
		Path: "sh", Args: []string{"sh", "-c", "tr '\\0' '\\n' </proc/$$/environ | grep ^UNDERSTUDY_ | grep -v ^UNDERSTUDY_TEST_ | sort"},
		Env: append(os.Environ(), config.EnvTerm+"=6", config.EnvRun+"=outer", "UNDERSTUDY_REGISTRY=secret"), Extra: []string{config.EnvRun + "=other", config.EnvTerm + "=7"},
	}
	one, other := outputOf(t, e, x), outputOf(t, e, x)
	for _, got := range []string{one, other} {
		lines := strings.Split(got, "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], config.EnvRun+"=") || lines[1] != config.EnvTerm+"=7" {
			t.Errorf("%q, want a mark and the term", got)
		}
	}
	if one == other || strings.Contains(one+other, "other") || strings.Contains(one+other, "outer") {
		t.Errorf("marks %q and %q", one, other)
	}
}

// Whatever was unusual in a run ends its guard.
func TestExecutor_ReplacesAGuardAfterAnUnusualRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, e *Executor, guard int)
	}{
		{"left behind", func(t *testing.T, e *Executor, _ int) {
			e.Run(t.Context(), script(testMark(), "sleep 1000 & exit 0"))
		}},
		{"cancelled", func(t *testing.T, e *Executor, _ int) {
			file := filepath.Join(t.TempDir(), "log")
			ctx, stop := context.WithCancel(t.Context())
			result := executeAsync(ctx, e, testExecution(testMark(), "polite", file))
			waitFor(t, "the run", contains(file, "ready"))
			stop()
			ended(t, result)
		}},
		{"timed out", func(t *testing.T, e *Executor, _ int) {
			e.Run(t.Context(), Execution{Path: "sleep", Args: []string{"sleep", "1000"}, Timeout: 100 * time.Millisecond})
		}},
		{"another session", func(t *testing.T, e *Executor, guard int) {
			leave := filepath.Join(t.TempDir(), "leave")
			result := executeAsync(t.Context(), e, script(testMark(), "setsid sh -c 'until [ -e "+leave+" ]; do sleep 0.05; done' & wait"))
			waitFor(t, "the session to be tied", func() bool { return tied(guard) == 1 })
			appendLine(leave, "")
			if end := ended(t, result); !end.Succeeded() {
				t.Errorf("%+v", end)
			}
		}},
		{"signalled", func(t *testing.T, e *Executor, guard int) {
			dir := t.TempDir()
			file, leave := filepath.Join(dir, "log"), filepath.Join(dir, "leave")
			result := executeAsync(t.Context(), e, script(testMark(), "echo ready >"+file+"; until [ -e "+leave+" ]; do sleep 0.05; done"))
			waitFor(t, "the run", contains(file, "ready"))
			_ = unix.Kill(guard, unix.SIGTERM)
			time.Sleep(200 * time.Millisecond) // another thread of the guard notes the signal
			appendLine(leave, "")
			ended(t, result)
		}},
		{"not started", func(t *testing.T, e *Executor, _ int) {
			e.Run(t.Context(), Execution{Path: "/no/such/command"})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newExecutor(t, 1)
			guard := useOnce(t, e)
			tt.run(t, e, guard)
			if isAlive(guard) {
				t.Error("the guard is still there")
			}
			if end := e.Run(t.Context(), Execution{Path: "true"}); !end.Succeeded() {
				t.Errorf("the next run: %+v", end)
			}
		})
	}
}

func TestExecutor_GuardThatFailedWhileIdleIsReplaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fail func(t *testing.T, guard int)
	}{
		{"killed", func(_ *testing.T, guard int) { _ = unix.Kill(guard, unix.SIGKILL) }},
		{"frozen", func(t *testing.T, guard int) { freeze(t, guard) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newExecutor(t, 1)
			guard := useOnce(t, e)
			tt.fail(t, guard)
			file, m := filepath.Join(t.TempDir(), "log"), testMark()
			if end := e.Run(t.Context(), script(m, "echo ran >>"+file)); !end.Succeeded() || count(file, "ran") != 1 {
				t.Errorf("%+v, ran %d times", end, count(file, "ran"))
			}
			waitFor(t, "the guard to be gone", func() bool { return !isAlive(guard) })
		})
	}
}

// ours describes what a process has open and how many threads and children it has.
func ours(t testing.TB, pid int) (files, threads, children int) {
	t.Helper()
	for name, n := range map[string]*int{"fd": &files, "task": &threads} {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil {
			t.Fatal(err)
		}
		*n = len(entries)
	}
	return files, threads, len(childrenOf(pid))
}

func TestExecutor_ManyRunsLeakNothing(t *testing.T) {
	const atATime, rounds = 4, 50
	e := newExecutor(t, atATime)
	round := func() {
		var runs sync.WaitGroup
		for range atATime {
			runs.Go(func() {
				if end := e.Run(t.Context(), Execution{Path: "true", Output: func(int, []byte) {}}); !end.Succeeded() {
					t.Errorf("%+v", end)
				}
			})
		}
		runs.Wait()
	}
	for range 3 { // then everything is there that will be needed
		round()
	}
	guards := readyGuards(e)
	files, threads, _ := ours(t, os.Getpid())
	of := make(map[int][2]int)
	for _, guard := range guards {
		f, th, _ := ours(t, guard)
		of[guard] = [2]int{f, th}
	}
	for range rounds {
		round()
	}
	nowFiles, nowThreads, children := ours(t, os.Getpid())
	if nowFiles > files+rounds || children > atATime || nowThreads > threads+rounds { // there were several times as many runs
		t.Errorf("%d files, %d threads, %d children; there were %d files and %d threads", nowFiles, nowThreads, children, files, threads)
	}
	served := 0
	for _, guard := range readyGuards(e) {
		f, th, c := ours(t, guard)
		was, ok := of[guard]
		if !ok {
			continue // a guard that took the place of one: the machine stalled
		}
		served++
		if f >= was[0]+rounds/2 || th >= was[1]+rounds/2 || c != 0 { // it served about as many runs as there were rounds
			t.Errorf("a guard has %d files, %d threads and %d children; it had %v", f, th, c, was)
		}
	}
	if served == 0 {
		t.Error("no guard served all of the runs")
	}
	e.Close()
	waitFor(t, "the guards to be gone", func() bool {
		return !slices.ContainsFunc(childrenOf(os.Getpid()), func(pid int) bool { return commOf(pid) == guardname.Name })
	})
}

func TestExecutor_CloseSparesARun(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, 1)
	useOnce(t, e)
	dir, m := t.TempDir(), testMark()
	ready, leave := filepath.Join(dir, "ready"), filepath.Join(dir, "leave")
	result := executeAsync(t.Context(), e, script(m, "echo ready >"+ready+"; until [ -e "+leave+" ]; do sleep 0.05; done"))
	waitFor(t, "the run", contains(ready, "ready"))
	guard := guardOfRun(t, m)
	e.Close()
	appendLine(leave, "")
	if end := ended(t, result); !end.Succeeded() {
		t.Errorf("%+v", end)
	}
	if isAlive(guard) || len(readyGuards(e)) > 0 {
		t.Error("the guard waits for another run")
	}
}

// guardOfRun returns the guard of a run, which may have several processes.
func guardOfRun(t testing.TB, mark string) (guard int) {
	t.Helper()
	waitFor(t, "the guard", func() bool {
		for _, pid := range alive(mark) {
			if data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
				var parent int
				var state string
				_, after, _ := strings.Cut(string(data), ") ")
				if _, err := fmt.Sscan(after, &state, &parent); err == nil && commOf(parent) == guardname.Name {
					guard = parent
				}
			}
		}
		return guard != 0
	})
	return guard
}
