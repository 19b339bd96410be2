package cli

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
	logLines = 1024        // that may wait to be read
	logFlush = time.Second // for the last ones
)

// logQueue is stderr for all that this process has to say: nothing that works
// waits for who reads it. Lines come out in order and whole. When logLines wait,
// the next ones are lost, until all that wait are read: then it says how many.
// A reader who went away does not end this process.
type logQueue struct {
	stderr io.Writer

	mu     sync.Mutex
	lines  []logLine     // waiting
	lost   int           // lines after those
	last   logLine       // of the lost ones
	idle   chan struct{} // closed when all is written; nil: all is
	unread bool          // logFlush was not enough, and nothing has been read since
}

// logLine is text and where to write it: to stderr, or to what makes it fit for
// people first.
type logLine struct {
	to   io.Writer
	text []byte
}

// Write is for what is no line of the log. It returns when that is written, or
// after logFlush.
func (q *logQueue) Write(p []byte) (int, error) {
	q.put(q.stderr, p)
	q.flush()
	return len(p), nil
}

// logWriter writes the lines of a log. It blocks for none but a fatal one, after
// which the process exits from where it is.
type logWriter struct {
	queue *logQueue
	to    io.Writer
}

func (w logWriter) Write(p []byte) (int, error) {
	w.queue.put(w.to, p)
	return len(p), nil
}

func (w logWriter) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	defer func() {
		if level == zerolog.FatalLevel {
			w.queue.flush()
		}
	}()
	return w.Write(p)
}

func (q *logQueue) put(to io.Writer, p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := logLine{to, bytes.Clone(p)}
	if q.lost > 0 || len(q.lines) == logLines {
		q.lost++
		q.last = l
		return
	}
	q.lines = append(q.lines, l)
	if q.idle == nil {
		q.idle = make(chan struct{})
		go q.write()
	}
}

// write writes until nothing is left.
func (q *logQueue) write() {
	defer signals.IgnorePipe()()
	for l, ok := q.next(); ok; l, ok = q.next() {
		_, _ = l.to.Write(l.text) // there is nowhere else to complain
	}
}

func (q *logQueue) next() (l logLine, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unread = false
	switch {
	case len(q.lines) > 0:
		l, q.lines = q.lines[0], q.lines[1:]
		return l, true
	case q.lost > 0:
		l = q.last.after(q.lost)
		q.lost, q.last = 0, logLine{}
		return l, true
	}
	close(q.idle)
	q.idle = nil
	return l, false
}

// after is a line that says how many were lost, the last of them being l. It says
// who wrote it, as all lines do.
func (l logLine) after(lost int) logLine {
	var (
		text bytes.Buffer
		who  author
	)
	_ = json.Unmarshal(l.text, &who) // what was no line of a log leaves it empty
	log := zerolog.New(&text).With().Timestamp().Logger()
	log.Warn().Int("lost", lost).EmbedObject(who).Msgf("%d lines of the log were lost: stderr was not read", lost)
	return logLine{l.to, text.Bytes()}
}

// flush returns when all is written, or after logFlush, or at once if that was
// in vain before.
func (q *logQueue) flush() {
	q.mu.Lock()
	idle, unread := q.idle, q.unread
	q.mu.Unlock()
	if idle == nil || unread {
		return
	}
	select {
	case <-idle:
	case <-time.After(logFlush):
		q.mu.Lock()
		q.unread = q.idle == idle
		q.mu.Unlock()
	}
}
