package config

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// Error is everything that is wrong with the environment.
type Error struct {
	// Mistakes are one line each, with no secret in them.
	Mistakes []string
}

// Error returns the mistakes, one a line.
func (e *Error) Error() string { return strings.Join(e.Mistakes, "\n") }

// mistakes collects what is wrong while the rest is still being looked at.
type mistakes []string

// add notes that a variable's value is wrong, and what would be right.
func (m *mistakes) add(name, value, format string, args ...any) {
	m.say("%s=%s: %s", name, show(value), fmt.Sprintf(format, args...))
}

// say notes a mistake that is not about one value.
func (m *mistakes) say(format string, args ...any) {
	*m = append(*m, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; "))
}

// show makes a value fit for a line on a terminal: quoted, cut short, and
// redacted if it looks like a URI.
func show(value string) string {
	const limit = 100
	if strings.Contains(value, "://") {
		value = mongouri.Redact(value)
	}
	if len(value) > limit {
		return fmt.Sprintf("%q… (%d bytes)", value[:limit], len(value))
	}
	return fmt.Sprintf("%q", value)
}
