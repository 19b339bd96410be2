package jobfile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/internal/pattern"
)

// syntax notes an error of YAML in words for people. It returns true if it has mended the
// line, so that the rest of the file can be read, too.
func (d *document) syntax(err *yaml.LoadError, lines []string) (mended bool) {
	at := err.Mark
	if at.Line == 0 {
		at = err.ContextMark
	}
	char := d.charAt(at)
	begins, first := d.specialAt(at)
	text := ""
	switch {
	case strings.Contains(err.Message, "max depth"):
		text = "too many levels of lists or mappings"
	case first != 0:
		at, text = begins, fmt.Sprintf("a value that begins with %c has to be in quotes", first)
	case strings.HasSuffix(err.ContextMsg, "scanning an alias"), strings.HasSuffix(err.ContextMsg, "scanning an anchor"):
		at, text = begin(err), "a value that begins with * or & has to be in quotes"
	case strings.Contains(err.Message, "incompatible YAML"):
		text = "a version of YAML that is not known: remove the line"
	case strings.Contains(err.Message, "unknown anchor"):
		text = noAliases
	case char == '\t':
		text = "a tab: indent with spaces"
	case strings.Contains(err.Message, "cannot start any token") && char != 0:
		text = fmt.Sprintf("a value that begins with %c has to be in quotes", char)
	case strings.Contains(err.Message, "mapping values are not allowed"):
		text = "a colon where none can be: put the value into quotes, or indent the line like the others of its mapping"
	case strings.Contains(err.Message, "end of stream") && strings.Contains(err.ContextMsg, "quoted scalar"):
		at, text = err.ContextMark, "this quote is never closed"
	case strings.Contains(err.Message, "expected ',' or ']'"):
		at, text = begin(err), "the list that begins here has no comma between two values, or no ] at its end"
	case strings.Contains(err.Message, "expected ',' or '}'"):
		at, text = begin(err), "the mapping that begins here has no comma between two values, or no } at its end"
	case strings.Contains(err.Message, "could not find expected ':'"):
		at, text = begin(err), "a key without a colon and a value"
	case strings.Contains(err.Message, "expected key"):
		text = "want a key and a colon here, indented like the lines around it"
	}
	if text == "" {
		text = "YAML cannot be understood here: " + err.Message
		if err.ContextMsg != "" {
			text += ", " + err.ContextMsg
		}
	}
	if last := len(d.lines); at.Line > last { // it misses something after the end
		at.Line, at.Column = last, utf8.RuneCountInString(d.lines[last-1])+1
	}
	d.problem(at.Line, at.Column, text)
	return first != 0 && len(d.problems) < maxProblems && mend(at, lines)
}

func begin(err *yaml.LoadError) yaml.Mark {
	if err.ContextMark.Line > 0 {
		return err.ContextMark
	}
	return err.Mark
}

// charAt returns the character at a place of the file, or 0.
func (d *document) charAt(m yaml.Mark) rune {
	if m.Line < 1 || m.Line > len(d.lines) {
		return 0
	}
	for _, r := range d.lines[m.Line-1] {
		if m.Column--; m.Column == 0 {
			return r
		}
	}
	return 0
}

// special matches a line whose value begins with a character that YAML gives a meaning, as
// in "schedule: */5 * * * *". A comment at the end is not part of the value.
var special = pattern.Lazy("^((?: *- +)*(?: *[A-Za-z0-9._-]+:)? +|(?: *- +)+)([*&@%`].*?)( +#.*| *)$")

// mend puts such a value into quotes.
func mend(at yaml.Mark, lines []string) bool {
	if at.Line < 1 || at.Line > len(lines) {
		return false
	}
	parts := special().FindStringSubmatch(lines[at.Line-1])
	if parts == nil {
		return false
	}
	lines[at.Line-1] = parts[1] + "'" + strings.ReplaceAll(parts[2], "'", "''") + "'" + parts[3]
	return true
}

// specialAt returns where the value begins that a place is in, if it begins with a special
// character, and that character.
func (d *document) specialAt(m yaml.Mark) (yaml.Mark, rune) {
	if m.Line < 1 || m.Line > len(d.lines) {
		return m, 0
	}
	parts := special().FindStringSubmatch(d.lines[m.Line-1])
	if parts == nil {
		return m, 0
	}
	m.Column = len(parts[1]) + 1
	return m, rune(parts[2][0])
}
