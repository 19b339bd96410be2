package api

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// stream writes the output of one attempt after the other. What it leaves out, because it
// is not stored, it says in a line of its own.
type stream struct {
	w    io.Writer
	conn *http.ResponseController // nil: the whole answer has one deadline
	time time.Duration            // for the client to take a piece

	attempt int
	at      int64 // how far the output of this attempt has been written
	next    int   // the number of the next chunk
	midLine bool  // the last byte was no end of a line
}

// begin sends the headers.
func (s *stream) begin() {
	s.w.(http.ResponseWriter).Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.conn != nil {
		s.extend()
		_ = s.conn.Flush()
	}
}

// extend gives the client time for what is written next. When nothing was written for a
// while, that time is over also for the end of the answer.
func (s *stream) extend() {
	if s.conn != nil {
		_ = s.conn.SetWriteDeadline(time.Now().Add(s.time))
	}
}

// pass writes what is new of a run's last attempt: chunks, and what its record has.
func (s *stream) pass(r store.Run, chunks []store.Chunk) error {
	recorded := hasOutput(r)
	if recorded {
		if err := s.piece(0, r.Output.Head); err != nil {
			return err
		}
	}
	if err := s.chunks(chunks); err != nil || !recorded {
		return err
	}
	return s.piece(r.Output.Bytes-int64(len(r.Output.Tail)), r.Output.Tail)
}

// hasOutput reports whether the output in a run's record is that of its last attempt. After
// an attempt whose instance went away, it may be that of the one before.
func hasOutput(r store.Run) bool {
	n := len(r.Attempts)
	if n == 0 || r.Attempts[n-1].Number != r.Attempt {
		return false
	}
	last := r.Attempts[n-1]
	return last.End != "" && (last.End != store.AttemptExited || n == 1)
}

func (s *stream) chunks(list []store.Chunk) error {
	for _, c := range list {
		if err := s.piece(c.Offset, c.Data); err != nil {
			return err
		}
		s.next = max(s.next, c.N+1)
	}
	return nil
}

// piece writes what is new of a part of the output. A part whose offset makes no sense is
// left out.
func (s *stream) piece(offset int64, data []byte) error {
	if len(data) == 0 || offset < 0 || offset > math.MaxInt64-int64(len(data)) || offset+int64(len(data)) <= s.at {
		return nil
	}
	if offset > s.at {
		if err := s.note("%d bytes of the output are not stored", offset-s.at); err != nil {
			return err
		}
	} else {
		data = data[s.at-offset:]
		offset = s.at
	}
	s.at = offset + int64(len(data))
	return s.write(data)
}

// note writes a line that is not part of the output.
func (s *stream) note(format string, a ...any) error {
	line := "[understudy: " + fmt.Sprintf(format, a...) + "]\n"
	if s.midLine {
		line = "\n" + line
	}
	return s.write([]byte(line))
}

func (s *stream) write(data []byte) error {
	s.extend()
	s.midLine = data[len(data)-1] != '\n'
	_, err := s.w.Write(data)
	return err
}

// look sends what is new of a run that has just been read. It reports whether the run had
// ended then: nothing is new any more. An error says that the client is gone.
func (s *stream) look(c *call, run store.Run, read func(func(context.Context) error) error) (ended bool, err error) {
	chunks := func() (list []store.Chunk, ok bool) {
		if s.attempt == 0 {
			return nil, true
		}
		err := read(func(ctx context.Context) (err error) {
			list, err = c.chunks(ctx, s.attempt, s.next)
			return err
		})
		return list, err == nil
	}
	if s.attempt > 0 && run.Attempt != s.attempt {
		rest, ok := chunks()
		if !ok {
			return false, nil
		}
		if err := s.chunks(rest); err != nil {
			return false, err
		}
		if err := s.note("attempt %d", run.Attempt); err != nil {
			return false, err
		}
		s.at, s.next = 0, 0
	}
	s.attempt = run.Attempt
	list, ok := chunks()
	if !ok {
		return false, nil
	}
	if err := s.pass(run, list); err != nil {
		return false, err
	}
	return run.State.Ended(), s.conn.Flush()
}
