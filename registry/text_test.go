package registry

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClip_KeepsAShortTextAndCutsALongOne(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"ordinary", "vm-17.example", "vm-17.example"},
		{"the longest", strings.Repeat("x", MaxText), strings.Repeat("x", MaxText)},
		{"one byte more", strings.Repeat("x", MaxText+1), strings.Repeat("x", MaxText-3) + "…"},
		{"the longest, of characters of several bytes", strings.Repeat("🎭", MaxText/4), strings.Repeat("🎭", MaxText/4)},
		{"cut within a character", strings.Repeat("🎭", MaxText), strings.Repeat("🎭", MaxText/4-1) + "…"},
		{"no UTF-8", "a\xff\xfeb", "a\ufffdb"},
		{"no UTF-8, and longer when corrected", strings.Repeat("\xffa", MaxText/2), strings.Repeat("\ufffda", MaxText/4-1) + "…"},
		{"nothing but no UTF-8", strings.Repeat("\xff", MaxText+1), "\ufffd…"},
	} {
		for _, got := range []string{Clip(tt.text), Clip([]byte(tt.text))} {
			if got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
			if len(got) > MaxText || !utf8.ValidString(got) {
				t.Errorf("%s: %d bytes, valid: %v", tt.name, len(got), utf8.ValidString(got))
			}
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add("a\xff" + strings.Repeat("ö", MaxText))
	f.Fuzz(func(t *testing.T, text string) {
		got := Clip(text)
		if len(got) > MaxText || !utf8.ValidString(got) || len(text) <= MaxText && utf8.ValidString(text) && got != text {
			t.Errorf("Clip(%q) = %q", text, got)
		}
	})
}
