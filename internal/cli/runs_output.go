package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

// follower writes the output of a run as it comes: that of each attempt from its
// beginning, and a line where bytes are left out.
type follower struct {
	view.Transcript
	out outputWriter
}

func newFollower(cl *client, k store.Key, out io.Writer) *follower {
	f := &follower{out: outputWriter{out: out, harmless: terminal.Of(out) != nil}}
	f.Write, f.Missing = f.out.write, f.out.leaveOut
	f.Chunks = func(ctx context.Context, attempt, from int) ([]store.Chunk, error) {
		list, err := ask(ctx, cl, func(ctx context.Context, s store.Asking) ([]store.Chunk, error) {
			return s.Chunks(ctx, k, attempt, from)
		})
		return list, cl.tellUnread(err)
	}
	f.Next = func(attempt int) error {
		if err := f.out.flush(); err != nil {
			return err
		}
		cl.tell(fmt.Sprintf("this is attempt %d", attempt))
		return nil
	}
	return f
}

// all writes what there is of the output of a run.
func (f *follower) all(ctx context.Context, r store.Run) error {
	if err := f.Advance(ctx, r); err != nil {
		return err
	}
	return f.out.flush()
}

// outputWriter writes the output of a command. For a terminal it makes it harmless:
// control characters other than the line end and the tab become escapes.
type outputWriter struct {
	out      io.Writer
	harmless bool
	held     []byte // the beginning of a character, or a carriage return that a line end may follow
	inLine   bool   // the last line has no end yet
}

func (w *outputWriter) write(data []byte) error {
	if !w.harmless {
		w.inLine = !bytes.HasSuffix(data, []byte("\n"))
		return write(w.out, data)
	}
	data = append(w.held, data...)
	complete := len(data) - unfinished(data)
	w.held = bytes.Clone(data[complete:])
	return w.writeHarmless(data[:complete])
}

// unfinished returns how many bytes at the end may be the beginning of something.
func unfinished(data []byte) int {
	if bytes.HasSuffix(data, []byte("\r")) {
		return 1
	}
	for n := 1; n < utf8.UTFMax && n <= len(data); n++ {
		if tail := data[len(data)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return n
			}
			break
		}
	}
	return 0
}

func (w *outputWriter) writeHarmless(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		text, ended := strings.CutSuffix(line, "\n")
		if ended {
			text = strings.TrimSuffix(text, "\r")
		}
		for i, cell := range strings.Split(text, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(status.Escape(cell))
		}
		if ended {
			b.WriteByte('\n')
		}
		w.inLine = !ended
	}
	return write(w.out, []byte(b.String()))
}

// leaveOut writes a line that says that bytes are left out.
func (w *outputWriter) leaveOut(n int64) error {
	if err := w.flush(); err != nil {
		return err
	}
	line := fmt.Sprintf("[%d bytes are left out]\n", n)
	if w.inLine {
		line = "\n" + line
	}
	w.inLine = false
	return write(w.out, []byte(line))
}

// flush writes what was held back, and on a terminal it ends the line.
func (w *outputWriter) flush() error {
	held := w.held
	w.held = nil
	if err := w.writeHarmless(held); err != nil || !w.inLine || !w.harmless {
		return err
	}
	w.inLine = false
	return write(w.out, []byte("\n"))
}
