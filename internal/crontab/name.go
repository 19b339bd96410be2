package crontab

import (
	"strconv"
	"strings"

	"github.com/understudy-go/understudy/internal/pattern"
)

var (
	// plain matches text that needs no quotes in YAML, unless it is special.
	plain = pattern.Lazy(`^[A-Za-z/][A-Za-z0-9_./-]*$`)
	// special are words that mean something else than text.
	special = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

	// wrappers are programs that run the program that a job is about.
	wrappers = words("nice ionice chrt sudo doas su env time nohup timeout flock chronic setsid exec command if then " +
		"sh bash dash zsh ksh python python2 python3 perl ruby php node java echo true false :")
	// prelude are commands before the one that a job is about.
	prelude = words("cd printf . source test [ export set umask ulimit sleep")
	// operators separate commands.
	operators = pattern.Lazy(`&&|\|\||[;|&(){}<>]`)
	assigned  = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_]*=`)
	unnamed   = pattern.Lazy(`[^a-z0-9_]+`)
	extension = pattern.Lazy(`\.(?:sh|bash|py|pl|rb|php|js|exe)$`)
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// name makes a name from a command: that of its program, and a number if there is another
// job of that name.
func (im *importer) name(command string) string {
	first := program(command)
	name := first
	for im.names[name] {
		im.counts[first]++
		name = first + "-" + strconv.Itoa(im.counts[first]+1)
	}
	return name
}

// program returns the name of the program that a command is about, as far as that can be
// guessed.
func program(command string) string {
	for _, part := range operators().Split(command, -1) {
		words := strings.Fields(part)
		if len(words) > 0 && prelude[words[0]] {
			continue
		}
		for _, word := range words {
			word = strings.Trim(word, `"'`)
			if assigned().MatchString(word) || strings.HasPrefix(word, "-") || strings.HasSuffix(word, ".lock") || wrappers[base(word)] {
				continue
			}
			name := strings.ToLower(base(strings.TrimRight(word, "/")))
			name = extension().ReplaceAllString(name, "")
			name = strings.Trim(unnamed().ReplaceAllString(name, "-"), "-_")
			if len(name) > 60 {
				name = strings.Trim(name[:60], "-_")
			}
			if strings.Trim(name, "0123456789") != "" {
				return name
			}
		}
	}
	return "job"
}
