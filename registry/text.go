package registry

import (
	"strings"
	"unicode/utf8"
)

// MaxText is the most bytes of a stored text that anybody reads. Whoever can
// write to a registry can write texts of any length into it.
const MaxText = 256

// cutMark ends a text that was cut.
const cutMark = "…"

// Clip is a stored text as it is read: valid UTF-8 of at most [MaxText] bytes. A
// longer one ends with "…". What it returns keeps no longer text in memory.
func Clip[T string | []byte](text T) string {
	cut := len(text) > MaxText
	if cut {
		text = text[:MaxText]
	}
	s := strings.ToValidUTF8(string(text), "\ufffd")
	if !cut && len(s) <= MaxText {
		return strings.Clone(s)
	}
	end := min(len(s), MaxText-len(cutMark))
	for end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}
