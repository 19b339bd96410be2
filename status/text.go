package status

import (
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/understudy-go/understudy/internal/pattern"
)

// MaxText is the most runes that [Visible] returns.
const MaxText = 255

// Visible does what [Escape] does, and cuts long text.
func Visible(s string) string {
	var b strings.Builder
	count, cut := 0, 0
	for piece := range pieces(s) {
		b.WriteString(piece)
		count += utf8.RuneCountInString(piece)
		if count < MaxText {
			cut = b.Len()
		}
		if count > MaxText {
			return b.String()[:cut] + "…"
		}
	}
	return b.String()
}

// Escape makes text from a registry fit to be shown. Control characters, characters that
// change the direction of writing, characters that cannot be seen and bytes that are
// not UTF-8 become escapes such as \x1b and \u202e. All other text stays as it is.
func Escape(s string) string {
	var b strings.Builder
	for piece := range pieces(s) {
		b.WriteString(piece)
	}
	return b.String()
}

// pieces returns the runes of a text, each as it is or as an escape.
func pieces(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		var before rune // the last rune of the last piece
		marks := 0
		for len(s) > 0 {
			r, size := utf8.DecodeRuneInString(s)
			piece := s[:size]
			s = s[size:]
			mark := unicode.Is(unicode.M, r)
			switch {
			case r == utf8.RuneError && size == 1:
				piece = fmt.Sprintf(`\x%02x`, piece[0])
			// A letter may carry two marks; more of them would cover the lines around.
			case mark && (marks == 2 || marks == 0 && !unicode.IsLetter(before)), hidden(r):
				piece = escape(r)
				mark = false
			}
			marks++
			if !mark {
				marks = 0
			}
			before, _ = utf8.DecodeLastRuneInString(piece)
			if !yield(piece) {
				return
			}
		}
	}
}

// hidden reports whether a rune cannot be seen or may change how others are seen.
func hidden(r rune) bool {
	const blank = '\u2800' // Braille without a dot
	return r != ' ' && unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == blank ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func escape(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// prefixes matches the names of our packages that begin an error, also within another
// error.
var prefixes = pattern.Lazy(`(^|[:;] |\n *)((registry|heartbeat|worker|guard|boottime): )+`)

// Plain removes the names of packages from the text of an error, which is for people.
func Plain(text string) string { return prefixes().ReplaceAllString(text, "$1") }
