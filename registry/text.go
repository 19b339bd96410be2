package registry

import (
	"strings"
	"unicode/utf8"
)

// MaxText bounds the bytes of a stored text that are read. Whoever can write to a registry
// can store texts of any length in it.
const MaxText = 256

// cutMark is the end of a text that was cut.
const cutMark = "…"

// Clip returns a stored text as it is read: valid UTF-8 of at most [MaxText] bytes. A
// longer text ends with "…". The result does not keep the longer text in memory.
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
