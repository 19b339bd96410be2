// Package wording has parts of messages that several packages write in the same way.
package wording

import (
	"fmt"
	"strings"
	"time"
)

// AnyOf lists choices, as in "skip, once or all".
func AnyOf[T ~string](choices []T) string {
	var b strings.Builder
	for i, c := range choices {
		switch {
		case i > 0 && i == len(choices)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(c))
	}
	return b.String()
}

// Quote shows a value: quoted, and cut short.
func Quote(text string) string {
	const limit = 100
	if len(text) > limit {
		return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:limit], ""), len(text))
	}
	return fmt.Sprintf("%q", text)
}

// Span shows a duration as the jobs file has it: 90d, 1h30m, 10s.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	if d != 0 && d%day == 0 && d > 3*day {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
