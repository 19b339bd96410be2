package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// newLogger writes to stderr, for people on a terminal, else as JSON. It does not
// block where stderr is the program's logQueue.
func newLogger(c config.Config, stderr io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil || c.LogLevel == "" {
		level = zerolog.InfoLevel
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.ErrorMarshalFunc = plainly
	queue, queued := stderr.(*logQueue)
	if queued {
		stderr = queue.stderr
	}
	if c.LogFormat == config.LogConsole || c.LogFormat != config.LogJSON && terminal.Of(stderr) != nil {
		stderr = console(stderr, !terminal.Colourful(stderr))
	}
	if queued {
		stderr = logWriter{queue, stderr}
	}
	return zerolog.New(stderr).Level(level).With().Timestamp().Logger()
}

// plainly is an error as the log shows it, which leaves out nil.
func plainly(err error) any {
	if err == nil {
		return nil
	}
	return status.Plain(err.Error())
}

// console lines up what matters from a distance: when, who am I, which term.
func console(w io.Writer, plain bool) io.Writer {
	paint := func(code int, s string) string {
		if plain {
			return s
		}
		return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, s)
	}
	const red, green, yellow, grey = 31, 32, 33, 90
	return zerolog.ConsoleWriter{
		Out: w, NoColor: plain,
		PartsOrder:    []string{"time", "role", "term", "level", "message"},
		FieldsExclude: []string{"role", "term", "of_term", "holder", "host", "tick", "ticks"},
		FormatTimestamp: func(v any) string {
			at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v))
			if err != nil {
				return strings.Repeat(" ", 12)
			}
			return paint(grey, at.Local().Format("15:04:05.000"))
		},
		FormatPartValueByName: func(v any, name string) string {
			switch {
			case name == "role" && v == "active":
				return paint(1, paint(green, "ACTIVE "))
			case name == "role" && v != nil:
				return fmt.Sprintf("%-7.7v", v)
			case name == "role":
				return "       "
			case v == nil || fmt.Sprint(v) == "0":
				return "        "
			}
			return fmt.Sprintf("term %-3v", v)
		},
		FormatLevel: func(v any) string {
			switch v {
			case "warn":
				return paint(yellow, "WARN ")
			case "error", "fatal":
				return paint(red, "ERROR")
			case "debug":
				return paint(grey, "debug")
			}
			return "     "
		},
		FormatPrepare: func(fields map[string]any) error {
			if fields["group"] == "default" {
				delete(fields, "group")
			}
			switch id, _ := fields["instance"].(string); {
			case id == "" || id == uuid.Nil.String():
				delete(fields, "instance")
			case len(id) > 6:
				fields["instance"] = id[len(id)-6:] // enough to tell it from its peers
			}
			return nil
		},
	}
}

// author is who writes a line of the log.
type author struct {
	Instance string // its UUID, or empty while it is not registered
	Group    string
	Role     registry.Role
	Term     int64
}

// MarshalZerologObject implements [zerolog.LogObjectMarshaler].
func (a author) MarshalZerologObject(e *zerolog.Event) {
	e.Str("instance", a.Instance).Str("group", a.Group).Str("role", string(a.Role)).Int64("term", a.Term)
}

// informing says things by a log.
func informing(log zerolog.Logger) func(string) {
	return func(text string) { log.Info().Msg(text) }
}

// slow says that something goes on, if it is not over within two seconds.
func slow(say func(string), what string) (over func()) {
	t := time.AfterFunc(2*time.Second, func() { say(what) })
	return func() { t.Stop() }
}
