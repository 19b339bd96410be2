package config

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// Error holds everything that is wrong with the configuration.
type Error struct {
	// Mistakes are one line each. They contain no secrets.
	Mistakes []string
}

// Error returns the mistakes, one per line.
func (e *Error) Error() string { return strings.Join(e.Mistakes, "\n") }

// mistakes collects what is wrong while the remaining values are still checked.
type mistakes []string

// add notes that the value of a variable is wrong, and what would be right.
func (m *mistakes) add(name, value, format string, args ...any) {
	m.note("%s=%s: %s", name, show(value), fmt.Sprintf(format, args...))
}

// note notes a mistake as one line.
func (m *mistakes) note(format string, args ...any) {
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
