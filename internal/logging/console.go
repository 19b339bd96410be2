package logging

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/registry"
)

// Console returns a writer that turns lines of JSON into lines for people. Time, role
// and term come first and are aligned, so that they can be read from a distance.
func Console(w io.Writer, plain bool) io.Writer {
	paint := func(code int, s string) string {
		if plain {
			return s
		}
		return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, s)
	}
	const bold, red, green, yellow, grey = 1, 31, 32, 33, 90
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
				return paint(bold, paint(green, "ACTIVE "))
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
			text, _ := fields["instance"].(string)
			switch id, err := uuid.Parse(text); {
			case text == "" || id == uuid.Nil && err == nil:
				delete(fields, "instance")
			case err == nil:
				fields["instance"] = registry.ShortID(id)
			}
			return nil
		},
	}
}
