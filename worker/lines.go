package worker

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/understudy-go/understudy/internal/signals"
)

const (
	maxLine     = 16 << 10  // a longer line is passed on in pieces, each as a line
	maxWaiting  = 256 << 10 // bytes that may wait to be written
	stalledTime = time.Second
)

// Lines passes the output of several runs on to one writer, such as this process's
// standard output: line by line, each whole, with the name of its run before it.
//
// A run whose lines find no room waits until some of them are written. When nothing is
// written for a second, nobody reads, and lines are lost until somebody does: a run must
// not wait for that for ever. A line says then how many were lost. A reader who went away
// does not end this process.
type Lines struct {
	to io.Writer

	mu      sync.Mutex
	waiting []byte        // whole lines
	written chan struct{} // closed after the next write; nil: nothing is being written
	stalled bool          // nothing was written for stalledTime, and nothing since
	lost    int           // lines
}

// NewLines returns lines that are written to w.
func NewLines(w io.Writer) *Lines { return &Lines{to: w} }

// Of returns what a run writes to. It is for one goroutine at a time. Close has to
// follow the last Write.
func (l *Lines) Of(name string) io.WriteCloser {
	return &lineSplitter{lines: l, prefix: name + " | "}
}

// Flush returns when all lines that were passed on before are written, or when nothing is
// written for a second.
func (l *Lines) Flush() {
	for range 2 { // those that are being written, and those that wait
		l.mu.Lock()
		written := l.written
		l.mu.Unlock()
		if written == nil || !l.wait(written) {
			return
		}
	}
}

// wait returns true after the next write, and false if there is none for a while.
func (l *Lines) wait(written <-chan struct{}) bool {
	l.mu.Lock()
	stalled := l.stalled
	l.mu.Unlock()
	if stalled {
		return false
	}
	timer := time.NewTimer(stalledTime)
	defer timer.Stop()
	select {
	case <-written:
		return true
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written == written {
		l.stalled = true
		return false
	}
	return true
}

// put has a line written. It waits while there is no room for it.
func (l *Lines) put(line []byte) {
	for {
		l.mu.Lock()
		if len(l.waiting)+len(line) <= maxWaiting && l.lost == 0 {
			l.waiting = append(l.waiting, line...)
			if l.written == nil {
				l.written = make(chan struct{})
				go l.write()
			}
			l.mu.Unlock()
			return
		}
		written := l.written
		l.mu.Unlock()
		if !l.wait(written) {
			l.mu.Lock()
			l.lost++
			l.mu.Unlock()
			return
		}
	}
}

// write writes lines until none waits.
func (l *Lines) write() {
	defer signals.IgnorePipe()()
	for batch := l.next(false); len(batch) > 0; batch = l.next(true) {
		_, _ = l.to.Write(batch) // an error of standard output can be reported nowhere
	}
}

// next returns what is to be written next, after a write or before the first one.
func (l *Lines) next(wrote bool) (batch []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch = l.waiting
	if l.lost > 0 {
		batch = fmt.Appendf(batch, "%d lines of the output of runs were lost here: nobody read them\n", l.lost)
	}
	l.waiting, l.lost, l.stalled = nil, 0, false
	if wrote {
		close(l.written)
		l.written = nil
		if len(batch) > 0 {
			l.written = make(chan struct{})
		}
	}
	return batch
}

// lineSplitter makes lines of the output of one run.
type lineSplitter struct {
	lines  *Lines
	prefix string
	unread []byte // the prefix and the beginning of a line
}

// Write never fails.
func (s *lineSplitter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(s.unread) == 0 {
			s.unread = append(s.unread, s.prefix...)
		}
		room := maxLine - (len(s.unread) - len(s.prefix))
		if i := bytes.IndexByte(p[:min(len(p), room+1)], '\n'); i >= 0 {
			s.unread = append(s.unread, p[:i]...)
			p = p[i+1:]
			s.pass()
			continue
		}
		room = min(len(p), room)
		s.unread = append(s.unread, p[:room]...)
		if p = p[room:]; len(p) > 0 {
			s.pass()
		}
	}
	return n, nil
}

// Close passes on a last line that has no end.
func (s *lineSplitter) Close() error {
	if len(s.unread) > 0 {
		s.pass()
	}
	return nil
}

func (s *lineSplitter) pass() {
	s.lines.put(append(s.unread, '\n'))
	s.unread = s.unread[:0]
}
