package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// guardUnder returns the guard of the run whose only process has the mark.
func guardUnder(t testing.TB, mark string) int {
	t.Helper()
	return parentOf(t, onlyProcess(t, mark))
}

// Nobody knows whether a guard started the command before it died, so no other guard
// starts it again.
func TestExecutor_RunIsNotStartedAgainUnderAnotherGuard(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		e.spec.Ready = 1
		if err := e.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.mu.Lock()
		g := e.ready[0]
		e.mu.Unlock()
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		order, _ := e.order("/bin/sh", script(m, "echo ran >>"+file))
		freeze(t, g.PID())
		x := e.begin(t.Context(), g, order)
		end := make(chan ending, 1)
		go func() {
			end <- run{name: "run", guard: g, log: zerolog.Nop(), quiet: true, grace: order.Grace}.supervise(context.Background())
		}()
		_ = unix.Kill(g.PID(), unix.SIGKILL)
		select {
		case got := <-end:
			e.over(x)
			wantOutcome(t, endOf(t.Context(), "", got, false, false), GuardDied)
		case <-time.After(patience):
			t.Fatal("the run is not over")
		}
		if exists(file) {
			t.Error("it was started")
		}
	})
}

func TestExecutor_KilledGuardTakesItsRunAlong(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		result := executeAsync(t.Context(), e, testExecution(m, "stubborn", file))
		waitFor(t, "the run", contains(file, "ready"))
		_ = unix.Kill(guardUnder(t, m), unix.SIGKILL)
		end := ended(t, result)
		if end.Outcome != GuardDied || end.Code != -1 {
			t.Errorf("%+v, want that the guard died", end)
		}
		wantGone(t, m)
	})
}

// A lease that queues before a frozen guard does not extend anything.
func TestExecutor_FrozenGuardLosesItsRunAtTheLeasesEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		extended bool
		want     Outcome
	}{{"no other lease", false, LeaseEnded}, {"another lease", true, GuardDied}} {
		t.Run(tt.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, e *Executor) {
				e.mu.Lock()
				e.lease = boottime.Now() + testTiming.StopGrace + leeway
				e.mu.Unlock()
				file, m := filepath.Join(t.TempDir(), "log"), testMark()
				result := executeAsync(t.Context(), e, testExecution(m, "stubborn", file))
				waitFor(t, "the run", contains(file, "ready"))
				freeze(t, guardUnder(t, m))
				if tt.extended {
					e.Extend(boottime.Now() + time.Hour)
				}
				wantOutcome(t, ended(t, result), tt.want)
				wantGone(t, m)
			})
		})
	}
}

func TestExecutor_FrozenGuardLosesItsRunAfterTheTimeout(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		x := testExecution(m, "stubborn", file)
		x.Timeout, x.Grace = leeway, shortGrace
		result := executeAsync(t.Context(), e, x)
		waitFor(t, "the run", contains(file, "ready"))
		freeze(t, guardUnder(t, m))
		wantOutcome(t, ended(t, result), TimedOut)
		wantGone(t, m)
	})
}

func TestExecutor_FrozenRunIsStopped(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		ctx, stop := context.WithCancelCause(context.Background())
		result := executeAsync(ctx, e, testExecution(m, "polite", file))
		waitFor(t, "the run", contains(file, "ready"))
		freeze(t, onlyProcess(t, m))
		stop(errStop)
		wantOutcome(t, ended(t, result), Cancelled)
		if !contains(file, "terminated")() {
			t.Error("it got no SIGTERM")
		}
	})
}

func TestExecutor_RunThatForksForEverIsGoneAfterItsTimeout(t *testing.T) {
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	e := newExecutor(t, 1)
	useOnce(t, e)
	x := testExecution(m, "hoppers", "10", file)
	x.Timeout, x.Grace = leeway, shortGrace
	wantOutcome(t, ended(t, executeAsync(t.Context(), e, x)), TimedOut)
	wantGone(t, m)
}

// The guard has no room for the files of the order. It must not run the command without.
func TestExecutor_GuardThatLostAFileStartsNothing(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		e.spec.Ready = 1
		if err := e.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		guard := readyGuards(e)[0]
		if err := unix.Prlimit(guard, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 5, Max: 5}, nil); err != nil {
			t.Fatal(err)
		}
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		end := e.Run(t.Context(), script(m, "echo ran >>"+file))
		if end.Outcome != GuardDied || end.Started || exists(file) {
			t.Errorf("%+v, want that the guard died and nothing was started", end)
		}
		if end := e.Run(t.Context(), script(m, "echo ran >>"+file)); !end.Succeeded() {
			t.Errorf("the next run: %+v", end)
		}
	})
}

// A gigabyte without a newline takes no memory, and a beat does not wait for it.
func TestExecutor_EndlessOutputTakesBoundedMemory(t *testing.T) {
	const size = 1 << 30
	e := newExecutor(t, 1)
	var before, after runtime.MemStats
	var kept Excerpt
	x := script(testMark(), fmt.Sprintf("head -c %d /dev/zero", size))
	runtime.GC()
	runtime.ReadMemStats(&before)
	x.Output = func(_ int, chunk []byte) {
		if _, err := kept.Write(chunk); err != nil {
			t.Error(err)
		}
		e.Extend(boottime.Now() + time.Hour)
	}
	if end := ended(t, executeAsync(t.Context(), e, x)); !end.Succeeded() {
		t.Errorf("%+v", end)
	}
	runtime.ReadMemStats(&after)
	if kept.Size() != size {
		t.Errorf("%d bytes of output, want %d", kept.Size(), size)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestNewExecutor_RefusesWhatMakesNoSense(t *testing.T) {
	timing := testTiming
	timing.StopGrace = -1
	for _, spec := range []ExecutorSpec{{Ready: -1}, {Timing: timing}} {
		if _, err := NewExecutor(spec); err == nil {
			t.Errorf("%+v: no error", spec)
		}
	}
}

// A Kill reaches what has begun. What has not begun by then must not begin: its context
// ended before the Kill.
func TestExecutor_NothingBeginsAfterAKill(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	ctx, stop := context.WithCancelCause(context.Background())
	e := newExecutor(t, 1)
	g, err := e.take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stop(errStop)
	e.Kill()
	order, _ := e.order(os.Args[0], testExecution(m, "polite", file))
	if e.begin(ctx, g, order) != nil || !g.Idle() {
		t.Error("it has begun")
	}
	e.release(g)

	c := newPrepared(t, testSpec(t, m, "polite", file))
	c.Kill()
	if c.begin(ctx, c.prepared, order) != nil || !c.prepared.Idle() {
		t.Error("the command has begun")
	}
}

func TestExecutor_TooManyOpenFilesNameTheLimit(t *testing.T) {
	e := newExecutor(t, 1)
	guard := useOnce(t, e)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	end := e.Run(t.Context(), Execution{Path: "/bin/true"})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if end.Outcome != NotStarted || !errors.Is(end.Err, unix.EMFILE) || !strings.Contains(end.Err.Error(), "RLIMIT_NOFILE") {
		t.Errorf("%+v, want the limit's name", end)
	}
	if list := readyGuards(e); !slices.Equal(list, []int{guard}) {
		t.Errorf("guards %v are ready, want %d: it had no order", list, guard)
	}
	if end := e.Run(t.Context(), Execution{Path: "/bin/true"}); !end.Succeeded() {
		t.Errorf("the next run: %+v", end)
	}
}
