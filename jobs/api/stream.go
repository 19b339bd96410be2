package api

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/understudy-go/understudy/jobs/view"
)

// stream writes the output of one attempt after the other to a client. What is missing,
// because it is not stored, it says in a line of its own.
type stream struct {
	view.Transcript
	w    io.Writer
	conn *http.ResponseController // nil: the whole answer has one deadline
	time time.Duration            // for the client to take a piece

	midLine bool // the last byte was no end of a line
}

func newStream(w io.Writer) *stream {
	s := &stream{w: w}
	s.Write = s.write
	s.Missing = func(bytes int64) error { return s.note("%d bytes of the output are not stored", bytes) }
	s.Next = func(attempt int) error { return s.note("attempt %d", attempt) }
	return s
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
