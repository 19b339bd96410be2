package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/understudy-go/understudy/internal/pattern"
)

// StrayCharacter describes a character in a value that nobody puts there on purpose,
// but that an environment file, an editor or a shell may leave there: a value with it is
// a different one although it looks the same. It returns "" if there is none. It shows
// nothing else of the value, which may be a secret.
func StrayCharacter(value string) string {
	if strings.HasPrefix(value, "\xff\xfe") || strings.HasPrefix(value, "\xfe\xff") {
		return "it begins with a byte order mark of UTF-16: want UTF-8 without one"
	}
	for i := 0; i < len(value); {
		r, width := utf8.DecodeRuneInString(value[i:])
		name := deceptive(r)
		if r == utf8.RuneError && width == 1 {
			name = "a byte that is not UTF-8"
		}
		if name != "" {
			return describeStray(name, i == 0, i+width == len(value))
		}
		i += width
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	if name := marginal(first); name != "" {
		return describeStray(name, true, false)
	}
	if name := marginal(last); name != "" {
		return describeStray(name, false, true)
	}
	return ""
}

func describeStray(name string, first, last bool) string {
	switch {
	case first:
		return "it begins with " + name + ": remove it"
	case last:
		return "it ends with " + name + ": remove it"
	}
	return "it has " + name + " in it: remove it"
}

// deceptive names a character that cannot be seen or looks like another one. It returns
// "" for any other character.
func deceptive(r rune) string {
	switch {
	case r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
		return "a line break"
	case r == '\t':
		return "a tab"
	case r == '\uFEFF':
		return "a byte order mark (U+FEFF)"
	case r == '\u200C' || r == '\u200D': // joiners, which some scripts need
		return ""
	case unicode.Is(unicode.Cf, r):
		return fmt.Sprintf("an invisible character (%U)", r)
	case r != ' ' && unicode.Is(unicode.Zs, r):
		return fmt.Sprintf("a space that is not the usual one (%U)", r)
	}
	return ""
}

// marginal names a character that is wrong at the beginning and the end of a value. It
// returns "" for any other character.
func marginal(r rune) string {
	switch {
	case r == ' ':
		return "a space"
	case strings.ContainsRune("\"'`“”„‘’«»", r):
		return fmt.Sprintf("a quote (%c)", r)
	}
	return ""
}

// unexpanded matches what a shell would have replaced: $NAME, ${NAME}, $(COMMAND).
var unexpanded = pattern.Lazy(`\$[A-Za-z_{(]`)

const (
	notExpanded = "it has a $ in it, but variables are not replaced here: write the value itself"
	noHome      = "a ~ is not replaced by a home directory here: write the whole path"
)
