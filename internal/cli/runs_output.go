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
	"github.com/understudy-go/understudy/status"
)

// soundOutput returns an output whose parts are no longer than the whole: a record may
// hold any number.
func soundOutput(o store.Output) store.Output {
	o.Bytes = max(o.Bytes, int64(len(o.Head)+len(o.Tail)))
	return o
}

// follower writes the output of a run as it comes: that of each attempt from its
// beginning, and a line where bytes are left out.
type follower struct {
	cl  *client
	key store.Key
	out outputWriter

	attempt int   // that is being written; 0: none yet
	next    int   // the number of its next chunk
	pos     int64 // up to which byte its output was written or left out
}

func newFollower(cl *client, k store.Key, out io.Writer) *follower {
	return &follower{cl: cl, key: k, out: outputWriter{out: out, harmless: terminal.Of(out) != nil}}
}

// all writes what there is of the output of a run.
func (f *follower) all(ctx context.Context, r store.Run) error {
	if err := f.advance(ctx, r); err != nil {
		return err
	}
	return f.out.flush()
}

// advance writes what is new, as of a record that was read just now. After an error it
// can be called again.
func (f *follower) advance(ctx context.Context, r store.Run) error {
	if r.Attempt != f.attempt {
		if f.attempt > 0 {
			if err := f.chunks(ctx); err != nil {
				return err
			}
			if err := f.out.flush(); err != nil {
				return err
			}
			f.cl.tell(fmt.Sprintf("this is attempt %d", r.Attempt))
		}
		f.attempt, f.next, f.pos = r.Attempt, 0, 0
	}
	if f.attempt == 0 {
		return nil
	}
	if r.State == store.Processing { // what the record has is not the output of this attempt
		return f.chunks(ctx)
	}
	o := soundOutput(r.Output)
	if err := f.write(0, o.Head); err != nil {
		return err
	}
	if err := f.chunks(ctx); err != nil {
		return err
	}
	return f.write(o.Bytes-int64(len(o.Tail)), o.Tail)
}

// chunks writes the chunks that are new.
func (f *follower) chunks(ctx context.Context) error {
	for {
		list, err := ask(ctx, f.cl, func(ctx context.Context, s store.Asking) ([]store.Chunk, error) {
			return s.Chunks(ctx, f.key, f.attempt, f.next)
		})
		if err = f.cl.tellUnread(err); err != nil || len(list) == 0 {
			return err
		}
		for _, c := range list {
			if err := f.write(c.Offset, c.Data); err != nil {
				return err
			}
			f.next = max(f.next, c.N) + 1
		}
	}
}

// write writes data that stands at an offset in the output, without what was written
// before.
func (f *follower) write(offset int64, data []byte) error {
	if skip := f.pos - offset; skip > 0 {
		data = data[min(skip, int64(len(data))):]
		offset = f.pos
	}
	if len(data) == 0 {
		return nil
	}
	if left := offset - f.pos; left > 0 {
		if err := f.out.leaveOut(left); err != nil {
			return err
		}
	}
	f.pos = offset + int64(len(data))
	return f.out.write(data)
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
