package logging

import (
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/status"
)

// New returns a logger that writes to stderr: for people if that is a terminal, else
// as JSON, unless format says otherwise. It does not block if stderr is a [Queue].
func New(stderr io.Writer, level string, format config.LogFormat) zerolog.Logger {
	lowest, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		lowest = zerolog.InfoLevel
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.ErrorMarshalFunc = plainError
	queue, queued := stderr.(*Queue)
	if queued {
		stderr = queue.stderr
	}
	if format == config.LogConsole || format != config.LogJSON && terminal.Of(stderr) != nil {
		stderr = Console(stderr, !terminal.Colourful(stderr))
	}
	if queued {
		stderr = lineWriter{queue, stderr}
	}
	return zerolog.New(stderr).Level(lowest).With().Timestamp().Logger()
}

// plainError returns an error as the log shows it. Nil is left out.
func plainError(err error) any {
	if err == nil {
		return nil
	}
	return status.Plain(err.Error())
}

// Text returns an error as people read it: without the names of packages, and with
// everything escaped that could disturb a terminal, because the answer of a server
// may be in it. A text of several lines keeps its lines.
func Text(err error) string {
	lines := strings.Split(status.Plain(err.Error()), "\n")
	for i, line := range lines {
		lines[i] = status.Escape(line)
	}
	return strings.Join(lines, "\n")
}
