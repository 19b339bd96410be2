package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// streams collects the output of a run.
type streams struct{ out, err output }

func (s *streams) add(stream int, chunk []byte) {
	if stream == 1 {
		_, _ = s.out.Write(chunk)
	} else {
		_, _ = s.err.Write(chunk)
	}
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
