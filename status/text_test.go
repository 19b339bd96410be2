package status

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestVisible_EscapesAndCuts(t *testing.T) {
	long := strings.Repeat("x", MaxText)
	for in, want := range map[string]string{
		"":                                 "",
		"db-1.example.org":                 "db-1.example.org",
		"Ünïcode host 主机 🚀":                "Ünïcode host 主机 🚀",
		"e\u0301":                          "e\u0301",
		"\x1b[31mred":                      `\x1b[31mred`,
		"a\nb\tc\rd\x00":                   `a\x0ab\x09c\x0dd\x00`,
		"\u009b2J":                         `\x9b2J`, // a control sequence of one rune
		"admin\u202egnp":                   `admin\u202egnp`,
		"\u2066x\u2069":                    `\u2066x\u2069`,
		"a\u200bb\u200db\ufeff":            `a\u200bb\u200db\ufeff`,
		"\u00a0\u3000\u2028":               `\xa0\u3000\u2028`,
		"\u3164\u2800\u115f\ufe0f\u034f":   `\u3164\u2800\u115f\ufe0f\u034f`,
		"\U000e0041":                       `\U000e0041`,
		"\xff\xfea":                        `\xff\xfea`,
		"\ufffd":                           "\ufffd",
		"\u0301x":                          `\u0301x`,
		"x" + strings.Repeat("\u0301", 3):  "x\u0301\u0301" + `\u0301`,
		long:                               long,
		long + "x":                         long[:MaxText-1] + "…",
		strings.Repeat("x", 250) + "\x1by": strings.Repeat("x", 250) + `\x1by`,
		strings.Repeat("x", 253) + "\x1b":  strings.Repeat("x", 253) + "…", // an escape is not cut in half
	} {
		if got := Visible(in); got != want {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestEscape_CutsNothing(t *testing.T) {
	long := strings.Repeat("x", 2*MaxText)
	if got := Escape(long + "\u202e"); got != long+`\u202e` {
		t.Errorf("got %q, want all of it", got)
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{
		"", "host", "\x1b]0;title\x07", "a\u202eb\u2066c", "\xff\xf0\x9f", "\u0301\u030a\u030a\u030a", "\U000e0001\ufe0f", "\u200d\u3164\u2800",
		strings.Repeat("\x1b", 100), strings.Repeat("主", 300), `\x1b`, "\u061c\u180e\u2029\ufff9", "\ue000\uffff\U0010ffff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Visible(in)
		if !utf8.ValidString(out) {
			t.Fatalf("not UTF-8: %q", out)
		}
		if n := utf8.RuneCountInString(out); n > MaxText {
			t.Fatalf("%d runes: %q", n, out)
		}
		for _, r := range out {
			if unicode.In(r, unicode.C, unicode.Z, unicode.Bidi_Control, unicode.Join_Control, unicode.Variation_Selector,
				unicode.Other_Default_Ignorable_Code_Point) && r != ' ' {
				t.Fatalf("%U in %q", r, out)
			}
		}
		if again := Visible(out); again != out {
			t.Fatalf("%q became %q", out, again)
		}
		plain := !strings.ContainsFunc(in, func(r rune) bool { return r < ' ' || r > '~' })
		if plain && len(in) <= MaxText && out != in {
			t.Fatalf("%q was changed to %q", in, out)
		}
	})
}

func TestPlain_NamesNoPackages(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"registry: corrupt record":   "corrupt record",
		"group g: registry: no":      "group g: no",
		"heartbeat: worker: a\nb":    "a\nb",
		"registry: a; registry: b":   "a; b",
		"2:\n  worker: a":            "2:\n  a",
		"registry sqlite:/x: a":      "registry sqlite:/x: a",
		"the registry: a":            "the registry: a",
		"UNDERSTUDY_REGISTRY: a":     "UNDERSTUDY_REGISTRY: a",
		"X=\"y\": worker: not found": "X=\"y\": not found",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
