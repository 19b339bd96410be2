package config

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/mongouri"
	"github.com/understudy-go/understudy/internal/pattern"
)

// shellWord matches a word that is more than text to a shell. A URL with & in it is text,
// and so is an apostrophe within a word.
var shellWord = pattern.Lazy("^(?:" +
	`\|\|?|&&?|;|!` + // between two commands
	`|(?:[0-9]*|&)[<>].*` + // redirections
	"|.+;|.*`.*" + // the end of a command, and the output of another one
	`|~(?:/.*)?|.*\$[A-Za-z_{(@*#?0-9].*` + // a home and a variable
	`|(?:.*=)?["'].*|.*["']` + // quotes
	")$")

// assignment matches NAME=VALUE.
var assignment = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_]*=`)

// shellSyntax names something in a line that only a shell understands. It returns "" if
// there is none.
func shellSyntax(line string) string {
	for i, word := range strings.Fields(line) {
		switch {
		case i == 0 && assignment().MatchString(word):
			return "a variable before the program"
		case i == 0 && strings.ContainsAny(word, "|;<>"):
			return fmt.Sprintf("a %c", word[strings.IndexAny(word, "|;<>")])
		case !shellWord().MatchString(word):
			continue
		}
		for _, sign := range []string{"`", "$", `"`, "'", "|", "&&", ">", "<", "&", ";", "~", "!"} {
			if strings.Contains(word, sign) {
				return "a " + sign
			}
		}
	}
	return ""
}

// hideURIs hides the arguments of a command that are URIs: a password or a token may be in
// one.
func hideURIs(command string) string {
	words := strings.Split(command, " ")
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = mongouri.Hidden
		}
	}
	return strings.Join(words, " ")
}
