package worker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/understudy-go/understudy/internal/signals"
)

// linesOf passes one output on in pieces of a size, and returns what was written.
func linesOf(output string, size int) string {
	var w bytes.Buffer
	l := NewLines(&w)
	s := l.Of("report")
	for rest := output; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		_, _ = io.WriteString(s, rest[:min(size, len(rest))])
	}
	_ = s.Close()
	l.Flush()
	return w.String()
}

// inLinesBubble runs a test on a clock that no stall of this machine moves.
func inLinesBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	signals.IgnorePipe()() // from the first time on, a goroutine of package signal waits for ever
	synctest.Test(t, test)
}

func TestLines_PassEachLineOnWithItsName(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, tt := range []struct{ name, output, want string }{
		{"nothing", "", ""},
		{"lines", "one\n\ntwo\n", "report | one\nreport | \nreport | two\n"},
		{"no last newline", "one\ntwo", "report | one\nreport | two\n"},
		{"the longest line", long + "\nnext\n", "report | " + long + "\nreport | next\n"},
		{"a longer line", long + long + "y\nnext\n", "report | " + long + "\nreport | " + long + "\nreport | y\nreport | next\n"},
		{"a longest line without an end", long, "report | " + long + "\n"},
	} {
		for _, size := range []int{1, 7, maxLine, maxLine + 1, 1 << 20} {
			t.Run(fmt.Sprint(tt.name, size), func(t *testing.T) {
				inLinesBubble(t, func(t *testing.T) {
					if got := linesOf(tt.output, size); got != tt.want {
						t.Errorf("%d bytes %.100q, want %d bytes %.100q", len(got), got, len(tt.want), tt.want)
					}
				})
			})
		}
	}
}

func TestLines_OfSeveralRunsStayWhole(t *testing.T) {
	const runs, each = 8, 500
	var w bytes.Buffer
	l := NewLines(&w)
	var all sync.WaitGroup
	for i := range runs {
		all.Go(func() {
			s := l.Of(fmt.Sprint("run", i))
			for n := range each {
				for _, piece := range []string{"line ", fmt.Sprint(n), " of it\n"} {
					_, _ = io.WriteString(s, piece)
				}
			}
			_ = s.Close()
		})
	}
	all.Wait()
	l.Flush()
	next := make(map[string]int)
	for line := range strings.Lines(w.String()) {
		name, text, _ := strings.Cut(line, " | ")
		if want := fmt.Sprintf("line %d of it\n", next[name]); text != want {
			t.Fatalf("%q, want %q", line, want)
		}
		next[name]++
	}
	for i := range runs {
		if n := next[fmt.Sprint("run", i)]; n != each {
			t.Errorf("run %d: %d lines, want %d", i, n, each)
		}
	}
}

// gate is a reader who does not read until it is opened.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	b    bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

func (g *gate) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}

// With nobody to read them, lines of any number take a second and bounded memory.
func TestLines_WithoutAReaderDoNotHoldARunUp(t *testing.T) {
	inLinesBubble(t, func(t *testing.T) {
		const lines = 100_000
		g := &gate{open: make(chan struct{})}
		l := NewLines(g)
		s := l.Of("report")
		for i := range lines {
			fmt.Fprintf(s, "line %d\n", i)
		}
		if n := cap(l.waiting); n > 2*maxWaiting {
			t.Errorf("%d bytes wait", n)
		}
		l.Flush() // does not wait for ever either
		close(g.open)
		synctest.Wait()
		fmt.Fprintln(s, "again")
		l.Flush()
		got := strings.Split(strings.TrimSpace(g.String()), "\n")
		var lost int
		if _, err := fmt.Sscanf(got[len(got)-2], "%d lines of the output of runs were lost here", &lost); err != nil {
			t.Fatalf("%q: %v", got[len(got)-2], err)
		}
		if kept := len(got) - 2; kept+lost != lines || got[kept-1] != fmt.Sprintf("report | line %d", kept-1) || got[len(got)-1] != "report | again" {
			t.Errorf("%d lines were kept and %d lost of %d; the last ones: %q", kept, lost, lines, got[len(got)-3:])
		}
	})
}

// A reader who is only slow loses nothing.
func TestLines_WaitForASlowReader(t *testing.T) {
	inLinesBubble(t, func(t *testing.T) {
		const lines = 100_000
		g := &gate{open: make(chan struct{})}
		l := NewLines(g)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s := l.Of("report")
			for i := range lines {
				fmt.Fprintf(s, "line %d\n", i)
			}
			l.Flush()
		}()
		for reading := true; reading; {
			select {
			case g.open <- struct{}{}:
				synctest.Wait()
			case <-done:
				reading = false
			}
		}
		if n := strings.Count(g.String(), "\n"); n != lines {
			t.Errorf("%d lines, want %d", n, lines)
		}
	})
}

func TestLines_AReaderWhoWentAwayEndsNothing(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	_ = r.Close()
	l := NewLines(w)
	s := l.Of("report")
	for range 3 {
		if _, err := io.WriteString(s, "line\n"); err != nil {
			t.Error(err)
		}
	}
	l.Flush()
	if _, err := w.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) && err == nil {
		t.Error("the pipe has a reader")
	}
}
