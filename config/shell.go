package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/understudy-go/understudy/internal/mongouri"
)

// shellWord is a word that is more than text to a shell. A URL with & in it, and
// an apostrophe within a word, are text.
var shellWord = regexp.MustCompile("^(?:" +
	`\|\|?|&&?|;|!` + // between two commands
	`|(?:[0-9]*|&)[<>].*` + // of files
	"|.+;|.*`.*" + // the end of a command, and what another one prints
	`|~(?:/.*)?|.*\$[A-Za-z_{(@*#?0-9].*` + // what stands for something else
	`|(?:.*=)?["'].*|.*["']` + // what keeps words together
	")$")

// assignment is NAME=VALUE.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// forShell names what in a line only a shell would understand, or is empty.
func forShell(line string) string {
	for i, word := range strings.Fields(line) {
		switch {
		case i == 0 && assignment.MatchString(word):
			return "a variable before the program"
		case i == 0 && strings.ContainsAny(word, "|;<>"):
			return fmt.Sprintf("a %c", word[strings.IndexAny(word, "|;<>")])
		case !shellWord.MatchString(word):
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

// hideURIs is a command with the arguments left out that are URIs: a password or
// a token may be in one.
func hideURIs(command string) string {
	words := strings.Split(command, " ")
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = mongouri.Hidden
		}
	}
	return strings.Join(words, " ")
}
