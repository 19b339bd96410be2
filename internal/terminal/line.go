package terminal

import (
	"strings"
	"unicode"
)

// Style is how text is shown: the number of a terminal's style.
type Style string

// The styles.
const (
	Normal Style = ""
	Bold   Style = "1"
	Good   Style = "1;32" // green
	Bad    Style = "1;31" // red
	Late   Style = "33"   // yellow
	Aside  Style = "90"   // grey
)

// Span is text in one style, and Line what is on a line of a terminal.
type (
	Span struct {
		Style Style
		Text  string
	}
	Line []Span
)

// Of is text in this style.
func (s Style) Of(text string) Span { return Span{s, text} }

// Text is text in the normal style.
func Text(text string) Span { return Span{Normal, text} }

// Width is how many columns the line takes, as far as that can be known.
func (l Line) Width() int {
	n := 0
	for _, s := range l {
		n += Width(s.Text)
	}
	return n
}

// Clip cuts a line off after the given number of columns.
func (l Line) Clip(columns int) Line {
	for i, s := range l {
		for at, r := range s.Text {
			if columns -= runeWidth(r); columns < 0 {
				return append(l[:i:i], Span{s.Style, s.Text[:at]})
			}
		}
	}
	return l
}

// Paint is the line without its end, with the styles of a terminal if colour.
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

// Width is how many columns of a terminal a text takes, as far as that can be
// known.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case 0xff61 <= r && r <= 0xffdc: // half-width forms
		return 1
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi),
		0x3001 <= r && r <= 0x303e, 0xff01 <= r && r <= 0xff60, 0x1f300 <= r && r <= 0x1faff:
		return 2
	}
	return 1
}
