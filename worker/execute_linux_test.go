package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// streams collects the output of a run.
type streams struct{ out, err output }

func (s *streams) add(stream int, chunk []byte) {
	if stream == 1 {
		_, _ = s.out.Write(chunk)
	} else {
		_, _ = s.err.Write(chunk)
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

func TestExecutor_CapturesWhatARunWrites(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		for i := range 3 {
			var got streams
			x := script(testMark(), fmt.Sprintf("echo one; echo two >&2; printf %d", i))
			x.Output = got.add
			wantOutcome(t, e.Run(t.Context(), x), Exited)
			if want := fmt.Sprintf("one\n%d", i); got.out.String() != want || got.err.String() != "two\n" {
				t.Errorf("run %d wrote %q and %q, want %q and %q", i, got.out.String(), got.err.String(), want, "two\n")
			}
		}
	})
}

// What is in the pipe when the command exits belongs to the run, however slowly it is
// read.
func TestExecutor_CapturesTheLastWordsOfARunThatIsKilled(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		var got streams
		x := script(testMark(), "head -c 60000 /dev/zero; echo last; kill -9 $$")
		x.Output = func(stream int, chunk []byte) {
			waitFor(t, "the run to be over", func() bool {
				e.mu.Lock()
				defer e.mu.Unlock()
				return len(e.current) == 0
			})
			time.Sleep(20 * time.Millisecond) // can only hide a failure, never make one
			got.add(stream, chunk)
		}
		end := e.Run(t.Context(), x)
		if end.Signal != 9 || !strings.HasSuffix(got.out.String(), "last\n") {
			t.Errorf("%+v with %d bytes, want signal 9 and the last line", end, len(got.out.String()))
		}
	})
}

// The daemon would live for long, and so would the pipe. It is killed after a second.
func TestExecutor_GrandchildThatHoldsThePipeDoesNotHoldTheRun(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		m := testMark()
		var got streams
		x := script(m, "(setsid sleep 1000 &) ; echo done")
		x.Output = got.add
		end := ended(t, executeAsync(t.Context(), e, x))
		wantOutcome(t, end, Exited)
		if end.Left != 1 || got.out.String() != "done\n" {
			t.Errorf("%+v with output %q, want that one process was left", end, got.out.String())
		}
		wantGone(t, m)
	})
}

// A process that does not descend from the command may get hold of its output.
func TestExecutor_StrangerThatHoldsThePipeDoesNotHoldTheRunNorReachTheNext(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		dir, m := t.TempDir(), testMark()
		ready, leave := filepath.Join(dir, "ready"), filepath.Join(dir, "leave")
		var got streams
		x := script(m, "echo $$ >"+ready+"; until [ -e "+leave+" ]; do sleep 0.01; done; printf done")
		x.Output = got.add
		result := executeAsync(t.Context(), e, x)
		waitFor(t, "the run", func() bool { data, _ := os.ReadFile(ready); return strings.HasSuffix(string(data), "\n") })
		data, _ := os.ReadFile(ready)
		f, err := os.OpenFile("/proc/"+strings.TrimSpace(string(data))+"/fd/1", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		appendLine(leave, "")
		wantOutcome(t, ended(t, result), Exited)
		if got.out.String() != "done" {
			t.Errorf("output %q, want done", got.out.String())
		}
		waitFor(t, "the pipe to be closed", func() bool { // a process that is being forked has it, too, until it executes
			_, err := f.WriteString("late")
			return errors.Is(err, unix.EPIPE)
		})
		var next streams
		x = script(testMark(), "printf next")
		x.Output = next.add
		wantOutcome(t, e.Run(t.Context(), x), Exited)
		if next.out.String() != "next" {
			t.Errorf("output %q of the next run, want next", next.out.String())
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

// While nobody takes the output, the command waits, and others do not.
func TestExecutor_SlowReaderHoldsUpItsOwnRunAlone(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		open := make(chan struct{})
		reached := sync.OnceFunc(func() {})
		var got streams
		slow := script(testMark(), "head -c 1000000 /dev/zero; echo end")
		slow.Output = func(stream int, chunk []byte) { reached(); <-open; got.add(stream, chunk) }
		result := executeAsync(t.Context(), e, slow)
		for range 3 {
			if end := ended(t, executeAsync(t.Context(), e, Execution{Path: "true"})); !end.Succeeded() {
				t.Errorf("another run: %+v", end)
			}
		}
		select {
		case end := <-result:
			t.Errorf("%+v, although nobody has read its output", end)
		default:
		}
		close(open)
		if end := ended(t, result); !end.Succeeded() || len(got.out.String()) != 1_000_004 {
			t.Errorf("%+v with %d bytes", end, len(got.out.String()))
		}
	})
}

func TestExecutor_OutputIsCalledForOneChunkAtATime(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		var calls, size [3]int // without a mutex: the race detector watches
		x := script(testMark(), "head -c 300000 /dev/zero & head -c 300000 /dev/zero >&2; wait")
		x.Output = func(stream int, chunk []byte) {
			calls[0]++
			calls[stream]++
			size[stream] += len(chunk)
			if len(chunk) == 0 || len(chunk) > chunkSize {
				t.Errorf("a chunk of %d bytes", len(chunk))
			}
		}
		if end := e.Run(t.Context(), x); !end.Succeeded() {
			t.Errorf("%+v", end)
		}
		if size[1] != 300_000 || size[2] != 300_000 || calls[0] != calls[1]+calls[2] {
			t.Errorf("%v bytes in %v calls", size, calls)
		}
	})
}

func TestExecutor_OutputThatNobodyWantsIsReadAll(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, e *Executor) {
		x := script(testMark(), "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2")
		if end := ended(t, executeAsync(t.Context(), e, x)); !end.Succeeded() {
			t.Errorf("%+v", end)
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
