package jobfile

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/internal/wording"
)

// MaxArgument is the most bytes of an argument and of the value of a variable. Linux takes
// 128 KiB.
const MaxArgument = 64 << 10

// written returns a single value as it is written, so that [sleep, 5] needs no quotes. It
// returns false if it has noted a problem.
func (v value) written() (string, bool) {
	switch {
	case v.Kind != yaml.ScalarNode || v.Tag == "!!null":
		v.fail("it is %s: want text", kind(v.Node))
	case strings.ContainsRune(v.Value, 0):
		v.fail("it has a NUL character in it")
	case len(v.Value) > MaxArgument:
		v.fail("%d bytes: want %d or fewer", len(v.Value), MaxArgument)
	default:
		return v.Value, true
	}
	return "", false
}

func (v value) command() (command []string) {
	if v.Kind == yaml.ScalarNode {
		text, ok := v.written()
		if ok && strings.TrimSpace(text) == "" {
			v.fail("it is empty: want a program and its arguments")
		}
		return []string{"/bin/sh", "-c", text}
	}
	for i, e := range v.list("a program and its arguments") {
		word, ok := e.written()
		if ok && i == 0 && strings.TrimSpace(word) == "" {
			e.fail("it is empty: want a program")
		}
		command = append(command, word)
	}
	return command
}

// unexpanded matches what only a shell would have replaced at the beginning of a path or in
// it.
var unexpanded = pattern.Lazy(`^~|\$[A-Za-z_{(]`)

// directory returns the path of a directory.
func (v value) directory() string {
	text := v.text()
	switch {
	case unexpanded().MatchString(text):
		v.fail("it has a ~ or a $ in it, but these are not replaced here: write the path itself")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		v.fail("it has a control character in it")
	case len(text) > 4095:
		v.fail("a path of %d bytes: want 4095 or fewer", len(text))
	}
	return text
}

// variable matches the name of a variable of the environment.
var variable = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_]*$`)

// IsVariable reports whether a job may have a variable of that name.
func IsVariable(name string) bool {
	return variable().MatchString(name) && len(name) <= 255 && !reserved(name)
}

// reserved reports whether only Understudy sets a variable of that name.
func reserved(name string) bool { return strings.HasPrefix(strings.ToUpper(name), "UNDERSTUDY_") }

func (v value) env() (list []string) {
	v.scope.doc.hide(v.Node)
	if v.Kind != yaml.MappingNode {
		v.fail("it is %s: want a mapping from names to values, such as {REGION: eu}", kind(v.Node))
		return nil
	}
	for i := 1; i < len(v.Content); i += 2 {
		v.scope.doc.hide(v.Content[i])
	}
	for _, e := range v.keys() {
		switch {
		case !variable().MatchString(e.name) || len(e.name) > 255:
			v.scope.note(e.key, v.path, wording.Quote(e.name)+": want a name of letters, digits and _ that does not begin with a digit")
			continue
		case reserved(e.name):
			v.scope.note(e.key, v.path, wording.Quote(e.name)+": names that begin with UNDERSTUDY_ are set by Understudy: want another one")
			continue
		case e.value.Tag == "!!null":
			v.scope.note(e.value, v.path, e.name+" has no value: want one, or \"\" for an empty one")
			continue
		}
		if text, ok := v.at(v.path+"."+e.name, e.value).written(); ok {
			list = append(list, e.name+"="+text)
		}
	}
	return list
}
