package jobfile

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

const (
	// maxProblems is the most problems that are kept.
	maxProblems = 100
	// maxShown is the most characters of a line that are shown.
	maxShown = 120
)

// Problem is one thing that is wrong with a jobs file.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1; 0: it is about the file as a whole
	Column int    `json:"column"` // in characters, from 1; 0 if Line is 0
	Text   string `json:"text"`   // what is wrong, and what would be right
	// Source is the part of the line that can be shown: without secrets and control
	// characters, and not longer than a line of a terminal.
	Source string `json:"source,omitempty"`

	caret int // how many characters of Source are before the column
}

// String returns the problem as people read it: one line, or three with the line of the
// file and a caret below it.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	text := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
	if p.Source == "" {
		return text
	}
	before := p.Source
	if runes := []rune(before); p.caret < len(runes) {
		before = string(runes[:p.caret])
	}
	number := fmt.Sprintf("%5d", p.Line)
	return fmt.Sprintf("%s\n%s | %s\n%s | %s^", text, number, p.Source,
		strings.Repeat(" ", len(number)), strings.Repeat(" ", runewidth.StringWidth(before)))
}

// Problems are all problems of a file, in the order of its lines.
type Problems []Problem

// Error returns the problems as people read them.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// show returns the part of a line around a column that can be shown, and how many of its
// characters are before the column. From the column hidden on, the line is a secret; 0:
// nothing is.
func show(line string, column, hidden int) (source string, caret int) {
	runes := []rune(line)
	caret = min(max(column-1, 0), len(runes))
	if hidden > 0 && hidden-1 < len(runes) {
		runes = append(runes[:hidden-1:hidden-1], '…')
		caret = min(caret, hidden-1)
	}
	for i, r := range runes {
		switch {
		case r == '\t':
			runes[i] = ' '
		case !unicode.IsGraphic(r) || unicode.Is(unicode.M, r):
			runes[i] = '?'
		}
	}
	if from := caret - maxShown*2/3; from > 0 && len(runes) > maxShown {
		from = min(from, len(runes)-maxShown)
		runes = append([]rune{'…'}, runes[from+1:]...)
		caret -= from
	}
	if len(runes) > maxShown {
		runes = append(runes[:maxShown-1], '…')
	}
	return strings.TrimRight(string(runes), " "), caret
}
