package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Odd names a character that nobody means to be in a value, but that an env
// file, an editor or a shell may leave there unseen: a value that differs in it
// is another one, silently. It is empty if there is none. It shows nothing else
// of the value, which may be a secret.
func Odd(value string) string {
	if strings.HasPrefix(value, "\xff\xfe") || strings.HasPrefix(value, "\xfe\xff") {
		return "it begins with a byte order mark of UTF-16: want UTF-8 with none"
	}
	for i := 0; i < len(value); {
		r, width := utf8.DecodeRuneInString(value[i:])
		name := unseen(r)
		if r == utf8.RuneError && width == 1 {
			name = "a byte that is no UTF-8"
		}
		if name != "" {
			return oddAt(name, i == 0, i+width == len(value))
		}
		i += width
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	if name := fringe(first); name != "" {
		return oddAt(name, true, false)
	}
	if name := fringe(last); name != "" {
		return oddAt(name, false, true)
	}
	return ""
}

func oddAt(name string, first, last bool) string {
	switch {
	case first:
		return "it begins with " + name + ": leave that out"
	case last:
		return "it ends with " + name + ": leave that out"
	}
	return "it has " + name + " in it: leave that out"
}

// unseen names a character that is not to be seen, or looks like another one.
func unseen(r rune) string {
	switch {
	case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
		return "a line break"
	case r == '\t':
		return "a tab"
	case r == '\uFEFF':
		return "a byte order mark (U+FEFF)"
	case r == '\u200C' || r == '\u200D': // some scripts need them
		return ""
	case unicode.Is(unicode.Cf, r):
		return fmt.Sprintf("an invisible character (%U)", r)
	case r != ' ' && unicode.Is(unicode.Zs, r):
		return fmt.Sprintf("a space that is not the usual one (%U)", r)
	}
	return ""
}

// fringe names a character that belongs to no end of a value.
func fringe(r rune) string {
	switch {
	case r == ' ':
		return "a space"
	case strings.ContainsRune("\"'`“”„‘’«»", r):
		return fmt.Sprintf("a quote (%c)", r)
	}
	return ""
}

// unexpanded is what a shell would replace, where there is none: $NAME, ${NAME},
// $(COMMAND).
var unexpanded = regexp.MustCompile(`\$[A-Za-z_{(]`)

const notExpanded = "it has a $ in it, and nothing here replaces a variable by what it stands for: want the text itself"
