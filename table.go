package main

import (
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/mattn/go-isatty"
)

// The styles of a terminal that text is shown in.
const (
	inBold   = "1"
	inGood   = "1;32" // green
	inBad    = "1;31" // red
	inLate   = "33"   // yellow
	inAside  = "90"   // grey
	inNormal = ""
)

// styled is text in one style, and textLine what is on a line of a terminal.
type (
	styled   struct{ style, text string }
	textLine []styled
)

// table lines up rows of cells. Cells of numbers are on the right of their
// column.
func table(rows [][]styled, numbers ...int) []textLine {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell.text))
		}
	}
	right := map[int]bool{}
	for _, n := range numbers {
		right[n] = true
	}
	lines := make([]textLine, 0, len(rows))
	for _, row := range rows {
		var l textLine
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-width(cell.text))
			switch {
			case right[i]:
				l = append(l, styled{inNormal, pad}, cell)
			case i < len(row)-1:
				l = append(l, cell, styled{inNormal, pad})
			default:
				l = append(l, cell)
			}
			if i < len(row)-1 {
				l = append(l, styled{inNormal, "  "})
			}
		}
		lines = append(lines, l)
	}
	return lines
}

func (l textLine) width() int {
	n := 0
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

// clip cuts a line off after the given number of columns.
func (l textLine) clip(columns int) textLine {
	for i, s := range l {
		for at, r := range s.text {
			if columns -= runeWidth(r); columns < 0 {
				return append(l[:i:i], styled{s.style, s.text[:at]})
			}
		}
	}
	return l
}

// paint is the line without its end, with the styles of a terminal if colour.
func (l textLine) paint(colour bool) string {
	var b strings.Builder
	for _, s := range l {
		if colour && s.style != inNormal && s.text != "" {
			b.WriteString("\x1b[" + s.style + "m" + s.text + "\x1b[0m")
		} else {
			b.WriteString(s.text)
		}
	}
	if colour {
		return b.String()
	}
	return strings.TrimRight(b.String(), " ")
}

// width is how many columns of a terminal a text takes, as far as that can be
// known.
func width(s string) int {
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

// colourful reports whether out is a terminal whose user wants colours.
func colourful(out io.Writer) bool { return terminal(out) != nil && !plainTerminal() }

// terminal is out if it is one.
func terminal(out io.Writer) *os.File {
	if f, ok := out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return f
	}
	return nil
}
