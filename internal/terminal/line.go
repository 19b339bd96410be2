package terminal

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Style is how text is shown: the number that a terminal knows a style by.
type Style string

// These styles are in use. Muted is for what matters less than the rest.
const (
	Normal Style = ""
	Bold   Style = "1"
	Good   Style = "1;32" // green
	Bad    Style = "1;31" // red
	Late   Style = "33"   // yellow
	Muted  Style = "90"   // grey
)

// Span is text in one style.
type Span struct {
	Style Style
	Text  string
}

// Line is what stands on one line of a terminal.
type Line []Span

// Of returns text in this style.
func (s Style) Of(text string) Span { return Span{s, text} }

// Text returns text in the normal style.
func Text(text string) Span { return Span{Normal, text} }

// Width returns how many columns the line takes, as far as that can be known.
func (l Line) Width() int {
	n := 0
	for _, s := range l {
		n += Width(s.Text)
	}
	return n
}

// Clip cuts a line off after the given number of columns. A character of two columns
// that would be cut in half is left out.
func (l Line) Clip(room int) Line {
	for i, s := range l {
		width := Width(s.Text)
		if width > room {
			return append(l[:i:i], Span{s.Style, columns.Truncate(s.Text, room, "")})
		}
		room -= width
	}
	return l
}

// Paint returns the text of the line without a line end. With colour it has the
// terminal's codes for the styles in it; without, the spaces at its end are cut off.
func (l Line) Paint(colour bool) string {
	var b strings.Builder
	for _, s := range l {
		if colour && s.Style != Normal && s.Text != "" {
			b.WriteString("\x1b[" + string(s.Style) + "m" + s.Text + "\x1b[0m")
		} else {
			b.WriteString(s.Text)
		}
	}
	if colour {
		return b.String()
	}
	return strings.TrimRight(b.String(), " ")
}

// columns counts an ambiguous character, such as "…" or "–", as one column in every
// locale: terminals show it so unless they are set up otherwise, and what one user
// sees does not differ from what another one sees.
var columns = &runewidth.Condition{EastAsianWidth: false, StrictEmojiNeutral: true}

// Width returns how many columns of a terminal a text takes, as far as that can be
// known. A control character takes none: text from a registry has to be escaped
// before.
func Width(text string) int { return columns.StringWidth(text) }
