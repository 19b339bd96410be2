package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// newExecutor returns an executor under a lease of an hour.
func newExecutor(t testing.TB, ready int) *Executor {
	t.Helper()
	e, err := NewExecutor(ExecutorSpec{Timing: testTiming, Ready: ready, Log: zerolog.New(zerolog.NewTestWriter(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	e.Extend(boottime.Now() + time.Hour)
	return e
}

// testExecution describes a run of the test binary in one of its modes.
func testExecution(mark, mode string, args ...string) Execution {
	return Execution{
		Name: mode, Path: os.Args[0], Args: append([]string{os.Args[0]}, args...),
		Extra: []string{envMode + "=" + mode, mark},
	}
}

// script describes a run of a shell.
func script(mark, text string) Execution {
	return Execution{Name: "script", Path: "/bin/sh", Args: []string{"sh", "-c", text}, Extra: []string{mark}}
}

// executeAsync calls Run, and returns what will receive its result.
func executeAsync(ctx context.Context, e *Executor, x Execution) <-chan End {
	result := make(chan End, 1)
	go func() { result <- e.Run(ctx, x) }()
	return result
}

// ended returns what Run has returned.
func ended(t testing.TB, result <-chan End) End {
	t.Helper()
	select {
	case end := <-result:
		return end
	case <-time.After(patience):
		t.Fatalf("Run did not return within %v", patience)
		return End{}
	}
}

// wantOutcome fails the test unless a run had an outcome.
func wantOutcome(t testing.TB, end End, want Outcome) {
	t.Helper()
	if end.Outcome != want {
		t.Errorf("%+v, want %v", end, want)
	}
}

// bothWays runs a test with a fresh guard for each run, and with guards that serve one
// run after another. In the second case the guard has served a run already.
func bothWays(t *testing.T, test func(t *testing.T, e *Executor)) {
	for _, tt := range []struct {
		name  string
		ready int
	}{{"fresh guard", 0}, {"used guard", 1}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newExecutor(t, tt.ready)
			if tt.ready > 0 {
				useOnce(t, e)
			}
			test(t, e)
		})
	}
}

// useOnce has the guard of an executor serve a run, and returns its number.
func useOnce(t testing.TB, e *Executor) (guard int) {
	t.Helper()
	for range 20 { // on a machine that stalls, a signal or a child may look unusual
		end := e.Run(context.Background(), Execution{Path: "true"})
		if !end.Succeeded() {
			t.Fatalf("true: %+v", end)
		}
		if list := readyGuards(e); len(list) == 1 {
			return list[0]
		}
	}
	t.Fatal("the guard does not serve another run")
	return 0
}

// readyGuards returns the guards that are ready.
func readyGuards(e *Executor) (list []int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, g := range e.ready {
		list = append(list, g.PID())
	}
	return list
}

func TestExecutor_SaysHowARunEnded(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		for _, tt := range []struct {
			mode string
			args []string
			want End
		}{
			{"exit", []string{"0"}, End{Outcome: Exited, Started: true}},
			{"exit", []string{"3"}, End{Outcome: Exited, Started: true, Code: 3}},
			{"exit", []string{"137"}, End{Outcome: Exited, Started: true, Code: 137}},
			{"pipe", nil, End{Outcome: Exited, Started: true, Code: 128 + 13, Signal: 13}},
			{"daemons", []string{"3", "4"}, End{Outcome: Exited, Started: true, Code: 4, Left: 6}},
		} {
			m := testMark()
			end := e.Run(t.Context(), testExecution(m, tt.mode, tt.args...))
			if tt.mode == "daemons" && end.Left > 0 {
				end.Left = 6 // about
			}
			if end != tt.want {
				t.Errorf("%s %v: %+v, want %+v", tt.mode, tt.args, end, tt.want)
			}
			if end.Succeeded() != (end.Code == 0) {
				t.Errorf("%+v succeeded: %v", end, end.Succeeded())
			}
			wantGone(t, m)
		}
	})
}

func TestExecutor_SaysWhyARunCannotStart(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		garbage := filepath.Join(t.TempDir(), "garbage")
		if err := os.WriteFile(garbage, []byte("neither ELF nor script"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			x    Execution
			is   error
			text string
		}{
			{Execution{Path: "no-such-command-here"}, ErrNotFound, ""},
			{Execution{Path: "/no/such/command"}, fs.ErrNotExist, ""},
			{Execution{Path: garbage}, unix.ENOEXEC, "#!/bin/sh"},
			{Execution{Path: "/bin/true", Dir: "/no/such/directory"}, fs.ErrNotExist, "directory /no/such/directory: no such file or directory"},
			{Execution{Path: "./garbage", Dir: filepath.Dir(garbage)}, unix.ENOEXEC, "#!/bin/sh"},
			{Execution{}, nil, "no command"},
			{Execution{Path: "/bin/true", Timeout: -1}, nil, "-1ns"},
			{Execution{Path: "/bin/true", Args: []string{"true", "\x00"}}, nil, "NUL"},
		} {
			end := e.Run(t.Context(), tt.x)
			if end.Outcome != NotStarted || end.Started || end.Code != -1 || !strings.Contains(fmt.Sprint(end.Err), tt.text) ||
				tt.is != nil && !errors.Is(end.Err, tt.is) {
				t.Errorf("%+v: %+v, want that it is not started because of %v %q", tt.x, end, tt.is, tt.text)
			}
		}
	})
}

func TestExecutor_TimeoutLeavesNothing(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		for _, tt := range []struct {
			name, mode string
			args       []string
			term       bool // SIGTERM is enough
		}{
			{"polite", "polite", nil, true},
			{"that ignores SIGTERM", "stubborn", nil, false},
			{"with children in other sessions", "forest", []string{"5", "setsid"}, true},
		} {
			m, file := testMark(), filepath.Join(t.TempDir(), "log")
			x := testExecution(m, tt.mode, append(tt.args, file)...)
			x.Timeout, x.Grace = leeway, shortGrace
			if tt.term {
				x.Grace = 0
			}
			begin := time.Now()
			end := ended(t, executeAsync(t.Context(), e, x))
			wantOutcome(t, end, TimedOut)
			if took := time.Since(begin); took < x.Timeout {
				t.Errorf("%s: ended after %v, before its timeout of %v", tt.name, took, x.Timeout)
			}
			if !contains(file, "ready")() || tt.mode == "polite" && (!contains(file, "terminated")() || end.Code != 0) {
				t.Errorf("%s: %+v: it did not run, or got no SIGTERM", tt.name, end)
			}
			if !tt.term && end.Signal != 9 {
				t.Errorf("%s: %+v, want SIGKILL", tt.name, end)
			}
			wantGone(t, m)
		}
	})
}

func TestExecutor_CancelStopsARun(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		m, file := testMark(), filepath.Join(t.TempDir(), "log")
		ctx, stop := context.WithCancelCause(context.Background())
		result := executeAsync(ctx, e, testExecution(m, "polite", file))
		waitFor(t, "the run", contains(file, "ready"))
		stop(errStop)
		end := ended(t, result)
		if want := (End{Outcome: Cancelled, Started: true, Err: errStop}); end != want {
			t.Errorf("%+v, want %+v", end, want)
		}
		if !contains(file, "terminated")() {
			t.Error("it got no SIGTERM")
		}
		if end := e.Run(ctx, testExecution(m, "polite", file)); end.Outcome != Cancelled || end.Started || count(file, "ready") != 1 {
			t.Errorf("after the end of its context: %+v", end)
		}
		wantGone(t, m)
	})
}

func TestExecutor_ImmediateStopAndKillGiveNoGrace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(e *Executor, stop context.CancelCauseFunc)
	}{
		{"immediate", func(_ *Executor, stop context.CancelCauseFunc) { stop(immediateStop{}) }},
		{"kill", func(e *Executor, _ context.CancelCauseFunc) { e.Kill() }},
		{"kill after a stop", func(e *Executor, stop context.CancelCauseFunc) { stop(errStop); e.Kill() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, e *Executor) {
				e.spec.Timing.OrphanAfter, e.spec.Timing.StopGrace = 30*time.Minute, 2*patience
				dir, m := t.TempDir(), testMark()
				ctx, stop := context.WithCancelCause(context.Background())
				var results []<-chan End
				for i := range 3 {
					file := filepath.Join(dir, fmt.Sprint(i))
					results = append(results, executeAsync(ctx, e, testExecution(m, "stubborn", file)))
					waitFor(t, "the run", contains(file, "ready"))
				}
				tt.end(e, stop)
				for _, result := range results {
					wantOutcome(t, ended(t, result), Cancelled)
				}
				stop(nil)
				wantGone(t, m)
			})
		})
	}
}

func TestExecutor_StartsNothingInTheLastGraceOfALease(t *testing.T) {
	t.Parallel()
	file, m := filepath.Join(t.TempDir(), "log"), testMark()
	e, err := NewExecutor(ExecutorSpec{Timing: testTiming})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 2 { // without a lease, and with one that is about to end
		if end := e.Run(t.Context(), testExecution(m, "polite", file)); end.Outcome != Late || end.Started {
			t.Errorf("%+v, want that it is late", end)
		}
		e.Extend(boottime.Now() + testTiming.StopGrace)
	}
	if exists(file) {
		t.Error("it was started")
	}
}

// The guard decides, too: the lease may end while the order is on its way.
func TestExecutor_GuardStartsNothingInTheLastGraceOfALease(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		file, m := filepath.Join(t.TempDir(), "log"), testMark()
		g, err := e.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		order, _ := e.order(os.Args[0], testExecution(m, "polite", file))
		order.Lease = boottime.Now() + order.Grace
		g.Run(order)
		end := run{name: "run", guard: g, log: zerolog.Nop(), quiet: true, grace: order.Grace}.supervise(t.Context())
		wantOutcome(t, endOf(t.Context(), "", end, false, false), Late)
		if exists(file) {
			t.Error("it was started")
		}
	})
}

func TestExecutor_RunEndsWithTheLease(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		e.mu.Lock()
		e.lease = boottime.Now() + testTiming.StopGrace + leeway
		until := e.lease
		e.mu.Unlock()
		m, dir := testMark(), t.TempDir()
		polite, forest := filepath.Join(dir, "polite"), filepath.Join(dir, "forest")
		one := executeAsync(t.Context(), e, testExecution(m, "polite", polite))
		other := executeAsync(t.Context(), e, testExecution(m, "forest", "5", "setsid", forest))
		wantOutcome(t, ended(t, one), LeaseEnded)
		wantOutcome(t, ended(t, other), LeaseEnded)
		if !contains(polite, "terminated")() || !contains(forest, "ready")() {
			t.Error("they did not run, or got no SIGTERM")
		}
		if now := boottime.Now(); now > until {
			t.Errorf("gone %v after the lease's end", now-until)
		}
		wantGone(t, m)
	})
}

func TestExecutor_ExtendedLeaseReachesAllRuns(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		e.mu.Lock()
		e.lease = boottime.Now() + testTiming.StopGrace + leeway
		first := e.lease
		e.mu.Unlock()
		m, dir := testMark(), t.TempDir()
		leave := filepath.Join(dir, "leave")
		var results []<-chan End
		for i := range 3 {
			file := filepath.Join(dir, fmt.Sprint(i))
			results = append(results, executeAsync(t.Context(), e, script(m, "echo ready >"+file+"; until [ -e "+leave+" ]; do sleep 0.05; done; exit 7")))
		}
		for i := range 3 {
			waitFor(t, "the run", contains(filepath.Join(dir, fmt.Sprint(i)), "ready"))
		}
		e.Extend(boottime.Now() + time.Hour)
		waitFor(t, "the first lease to end", func() bool { return boottime.Now() > first-testTiming.StopGrace+100*time.Millisecond })
		appendLine(leave, "")
		for _, result := range results {
			if end := ended(t, result); end.Outcome != Exited || end.Code != 7 {
				t.Errorf("%+v, want exit code 7", end)
			}
		}
	})
}

// The order is larger than what the socket to the guard takes at once, and files go
// with it.
func TestExecutor_RunHasALargeEnvironment(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		x := Execution{Name: "large", Path: "sh", Args: []string{"sh", "-c", "env | grep -c ^LARGE"}}
		for i := range 10 {
			x.Extra = append(x.Extra, fmt.Sprintf("LARGE%d=%s", i, strings.Repeat("x", 100_000)))
		}
		if got := outputOf(t, e, x); got != "10\n" {
			t.Errorf("%q of the variables arrived, want 10", got)
		}
	})
}
