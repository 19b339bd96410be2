package logging

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/signals"
)

const (
	maxLines  = 1024        // lines that may wait to be written
	flushTime = time.Second // how long the exit waits for the last lines
)

// Queue is standard error for everything that this process writes there. Lines are
// written whole and in order. While maxLines wait, further lines are lost; once those
// that waited are written, a line says how many were lost. A reader who went away does
// not end this process.
type Queue struct {
	stderr io.Writer

	mu      sync.Mutex
	lines   []line        // waiting
	lost    int           // lines that came after those
	last    line          // the last of the lost ones
	written chan struct{} // closed when no line waits any more; nil: none waits
	unread  bool          // flushTime was not enough, and nothing has been read since
}

// line is a text and where to write it: to stderr, or to a writer that makes it fit
// for people first.
type line struct {
	to   io.Writer
	text []byte
}

// NewQueue returns the queue before stderr.
func NewQueue(stderr io.Writer) *Queue { return &Queue{stderr: stderr} }

// Write writes what is not a line of the log, such as an error on the command line.
// It returns when that is written, or after flushTime.
func (q *Queue) Write(p []byte) (int, error) {
	q.put(q.stderr, p)
	q.Flush()
	return len(p), nil
}

// lineWriter writes the lines of a log. It only blocks for a fatal line, because the
// process exits right after that.
type lineWriter struct {
	queue *Queue
	to    io.Writer
}

func (w lineWriter) Write(p []byte) (int, error) {
	w.queue.put(w.to, p)
	return len(p), nil
}

// WriteLevel implements [zerolog.LevelWriter].
func (w lineWriter) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	n, err := w.Write(p)
	if level == zerolog.FatalLevel {
		w.queue.Flush()
	}
	return n, err
}

func (q *Queue) put(to io.Writer, p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := line{to, bytes.Clone(p)}
	if q.lost > 0 || len(q.lines) == maxLines {
		q.lost++
		q.last = l
		return
	}
	q.lines = append(q.lines, l)
	if q.written == nil {
		q.written = make(chan struct{})
		go q.write()
	}
}

// write writes lines until none waits.
func (q *Queue) write() {
	defer signals.IgnorePipe()()
	for l, ok := q.next(); ok; l, ok = q.next() {
		_, _ = l.to.Write(l.text) // an error of standard error can be reported nowhere
	}
}

func (q *Queue) next() (l line, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unread = false
	switch {
	case len(q.lines) > 0:
		l, q.lines = q.lines[0], q.lines[1:]
		return l, true
	case q.lost > 0:
		l = lossOf(q.lost, q.last)
		q.lost, q.last = 0, line{}
		return l, true
	}
	close(q.written)
	q.written = nil
	return l, false
}

// lossOf returns a line that says how many lines were lost. Its author is that of the
// last one.
func lossOf(n int, last line) line {
	var (
		text   bytes.Buffer
		author Author
	)
	_ = json.Unmarshal(last.text, &author) // if it was not a line of a log, the author stays empty
	log := zerolog.New(&text).With().Timestamp().Logger()
	log.Warn().Int("lost", n).EmbedObject(author).Msgf("%d lines of the log were lost: stderr was not read", n)
	return line{last.to, text.Bytes()}
}

// Flush returns when all lines are written, or after flushTime. It returns at once if
// flushTime was not enough before and nothing has been read since.
func (q *Queue) Flush() {
	q.mu.Lock()
	written, unread := q.written, q.unread
	q.mu.Unlock()
	if written == nil || unread {
		return
	}
	select {
	case <-written:
	case <-time.After(flushTime):
		q.mu.Lock()
		q.unread = q.written == written
		q.mu.Unlock()
	}
}
