package attempt

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

func TestRunner_OutputGoesOnLineByLine(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	r := newRunner(t, g.store)
	end := r.Run(t.Context(), script("echo one; echo two >&2; echo three; printf four"), g.claim(t, nil))
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if got := r.stdout.String(); got != "report | one\nreport | three\nreport | four\n" {
		t.Errorf("stdout has %q", got)
	}
	if got := r.stderr.String(); got != "report | two\n" {
		t.Errorf("stderr has %q", got)
	}
	head := string(end.Output.Head)
	if len(head) != len("one\ntwo\nthree\nfour") || end.Output.Bytes != int64(len(head)) || len(end.Output.Tail) > 0 {
		t.Errorf("the record gets %+v", end.Output)
	}
	for _, line := range []string{"one\n", "two\n", "three\n", "four"} {
		if !strings.Contains(head, line) {
			t.Errorf("%q is not in %q", line, head)
		}
	}
}

// Some of these runs are over before anybody reads their output.
func TestRunner_FirstLineOfARunThatExitsAtOnceIsNotLost(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	var want strings.Builder
	for i := range 50 {
		j := script("")
		j.Command = []string{"echo", fmt.Sprint(i)}
		if end := r.Run(t.Context(), j, claimed(1)); string(end.Output.Head) != fmt.Sprintln(i) {
			t.Errorf("run %d: the record gets %q", i, end.Output.Head)
		}
		fmt.Fprintf(&want, "report | %d\n", i)
	}
	testkit.Until(t, "all lines", func() bool { return r.stdout.String() == want.String() })
}

// blocking is a writer that waits.
type blocking struct{ begun, leave chan struct{} }

func (b blocking) Write(p []byte) (int, error) {
	b.begun <- struct{}{}
	<-b.leave
	return len(p), nil
}

// This process may exit when the last run is over. Its lines have a second to be written, so a
// machine that stalls gets other tries.
func TestRunner_RunWaitsForItsLines(t *testing.T) {
	t.Parallel()
	base := newRunner(t, &fake{})
	for range 20 {
		out := blocking{make(chan struct{}, 1), make(chan struct{})}
		r, err := New(Config{Executor: base.executor, Store: &fake{}, Stdout: out, Folder: base.folder})
		if err != nil {
			t.Fatal(err)
		}
		result := make(chan End, 1)
		go func() { result <- r.Run(t.Context(), script("echo one"), claimed(1)) }()
		<-out.begun
		time.Sleep(300 * time.Millisecond)
		early := len(result) > 0
		close(out.leave)
		ended(t, result)
		if !early {
			return
		}
	}
	t.Error("the runs were over before their lines were written")
}

func TestRunner_GrandchildThatHoldsThePipeDoesNotHoldTheRun(t *testing.T) {
	t.Parallel()
	r := newRunner(t, &fake{})
	end := ended(t, runAsync(t.Context(), r, script("(setsid sleep 100000 &); echo done"), claimed(1)))
	wantEnd(t, end, store.AttemptFailed, 1, "it left 1 process behind, which was killed")
	if string(end.Output.Head) != "done\n" {
		t.Errorf("the record gets %q", end.Output.Head)
	}
}

// The store is slow as well, so that the chunks of the live output are left out. Not parallel:
// it measures the heap.
func TestRunner_EndlessLineTakesBoundedMemory(t *testing.T) {
	const size = 1 << 30
	g := newGroup(t)
	r := newRunner(t, g.store)
	r.stdout = testkit.LogBuffer{}
	run := g.claim(t, nil)
	discard, err := New(Config{Executor: r.executor, Store: g.store, Folder: r.folder})
	if err != nil {
		t.Fatal(err)
	}
	r.Runner = discard
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	end := ended(t, runAsync(t.Context(), r, script("head -c %d /dev/zero; printf end", size), run))
	runtime.ReadMemStats(&after)
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if end.Output.Bytes != size+3 || len(end.Output.Head) != store.MaxHead || len(end.Output.Tail) != store.MaxTail || !bytes.HasSuffix(end.Output.Tail, []byte("\x00end")) {
		t.Errorf("the record gets %d bytes, a head of %d and a tail of %d", end.Output.Bytes, len(end.Output.Head), len(end.Output.Tail))
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	run.State, run.Open, run.Output, run.EndedAt = store.Completed, false, end.Output, time.Now()
	if _, err := g.store.Update(t.Context(), g.holder, store.Version{State: store.Processing, Term: run.Term, Attempt: 1}, run); err != nil {
		t.Errorf("the store refuses the record: %v", err)
	}
}

func TestRunner_ShortRunHasNoChunks(t *testing.T) {
	t.Parallel()
	f := &fake{}
	r := newRunner(t, f)
	for range 3 {
		wantEnd(t, r.Run(t.Context(), script("echo one"), claimed(1)), store.AttemptCompleted, 0, "")
	}
	if len(f.calls) != 0 {
		t.Errorf("the store was called: %v", f.calls)
	}
}

func TestRunner_LiveOutputIsStoredInChunks(t *testing.T) {
	t.Parallel()
	g := newGroup(t)
	r := newRunner(t, g.store)
	run, leave := g.claim(t, nil), filepath.Join(t.TempDir(), "leave")
	result := runAsync(t.Context(), r, script("echo first; sleep 1.5; echo second >&2; until [ -e %s ]; do sleep 0.05; done; echo last", leave), run)
	var text string
	testkit.Until(t, "two lines in chunks", func() bool {
		list, err := g.store.Chunks(t.Context(), run.Key, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		text = ""
		for i, c := range list {
			if c.N != i || c.Offset != int64(len(text)) {
				t.Fatalf("chunk %d has number %d and offset %d, want offset %d", i, c.N, c.Offset, len(text))
			}
			text += string(c.Data)
		}
		return text == "first\nsecond\n"
	})
	touch(t, leave)
	end := ended(t, result)
	if got := string(end.Output.Head); got != "first\nsecond\nlast\n" {
		t.Errorf("the record gets %q", got)
	}
}

// The store does not answer before the run is over. The run must not wait for that, and the
// offset of the next chunk shows what was left out.
func TestRunner_CommandDoesNotWaitForTheStore(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	dir := t.TempDir()
	stored, wrote, leave := filepath.Join(dir, "stored"), filepath.Join(dir, "wrote"), filepath.Join(dir, "leave")
	answer := make(chan struct{})
	type chunk struct {
		n      int
		offset int64
		data   []byte
	}
	var mu sync.Mutex
	var chunks []chunk
	r := newRunner(t, &fake{chunk: func(ctx context.Context, n int, offset int64, data []byte) error {
		mu.Lock()
		chunks = append(chunks, chunk{n, offset, bytes.Clone(data)})
		mu.Unlock()
		if n == 0 {
			touch(t, stored)
			<-answer
		}
		return nil
	}})
	result := runAsync(t.Context(), r, script("echo begin; until [ -e %s ]; do sleep 0.05; done; head -c %d /dev/zero; >%s; until [ -e %s ]; do sleep 0.05; done; printf end", stored, size, wrote, leave), claimed(1))
	testkit.Until(t, "the command to write all", exists(wrote))
	mu.Lock()
	if len(chunks) != 1 || string(chunks[0].data) != "begin\n" {
		t.Errorf("%d chunks while the store does not answer, the first one %q", len(chunks), chunks[0].data)
	}
	mu.Unlock()
	close(answer)
	testkit.Until(t, "the next chunk", func() bool { mu.Lock(); defer mu.Unlock(); return len(chunks) == 2 })
	touch(t, leave)
	end := ended(t, result)
	if end.Output.Bytes != int64(len("begin\n")+size+len("end")) {
		t.Errorf("%d bytes", end.Output.Bytes)
	}
	mu.Lock()
	defer mu.Unlock()
	if c := chunks[1]; c.n != 1 || c.offset != int64(len("begin\n")) || len(c.data) != store.MaxChunk {
		t.Errorf("the second chunk has number %d, offset %d and %d bytes", c.n, c.offset, len(c.data))
	}
	for _, c := range chunks[2:] {
		if c.offset < size {
			t.Errorf("chunk %d has offset %d: what came while the store did not answer was to be left out", c.n, c.offset)
		}
	}
}

// A chunk whose answer was lost may be stored already: it is stored once more as it was.
func TestRunner_ChunkIsTriedAgainAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stored, leave := filepath.Join(dir, "stored"), filepath.Join(dir, "leave")
	var mu sync.Mutex
	var got []string
	r := newRunner(t, &fake{chunk: func(_ context.Context, n int, offset int64, data []byte) error {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%d at %d: %s", n, offset, data))
		touch(t, stored)
		if len(got) < 3 {
			return errAway
		}
		return nil
	}})
	result := runAsync(t.Context(), r, script("printf a; until [ -e %s ]; do sleep 0.05; done; printf b; until [ -e %s ]; do sleep 0.05; done", stored, leave), claimed(1))
	testkit.Until(t, "four calls", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == 4 })
	touch(t, leave)
	wantEnd(t, ended(t, result), store.AttemptCompleted, 0, "")
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"0 at 0: a", "0 at 0: a", "0 at 0: a", "1 at 1: b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := strings.Count(r.log.String(), "cannot be stored at once"); n != 1 {
		t.Errorf("the log says %d times that the output cannot be stored:\n%s", n, r.log.String())
	}
}

// Somebody else has the run: what it writes is nobody's business any more.
func TestRunner_ChunksEndWithATakeover(t *testing.T) {
	t.Parallel()
	f := &fake{chunk: func(context.Context, int, int64, []byte) error { return store.ErrSuperseded }}
	r := newRunner(t, f)
	end := r.Run(t.Context(), script("for i in 1 2 3 4; do echo $i; sleep 1; done"), claimed(1))
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if n := f.count("chunk"); n != 1 {
		t.Errorf("%d chunks, want 1", n)
	}
}

// Nobody reads what this process writes. The runs go on.
func TestRunner_StdoutThatNobodyReadsDoesNotHoldTheRun(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	base := newRunner(t, &fake{})
	r, err := New(Config{Executor: base.executor, Store: &fake{}, Stdout: write, Folder: base.folder})
	if err != nil {
		t.Fatal(err)
	}
	base.Runner = r
	end := ended(t, runAsync(t.Context(), base, script("yes | head -c 4000000"), claimed(1)))
	wantEnd(t, end, store.AttemptCompleted, 0, "")
	if end.Output.Bytes != 4_000_000 {
		t.Errorf("%d bytes", end.Output.Bytes)
	}
	_ = read.Close() // the writer ends
	testkit.Until(t, "the writer's end", func() bool { return write.Close() == nil || true })
}
