package jobfile

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/internal/pattern"
)

// document is the text of a file, and what is wrong with it.
type document struct {
	name     string
	lines    []string
	problems Problems
	more     int         // how many problems were not kept
	hidden   map[int]int // from a line to the column from which it is a secret
}

// problem notes a problem at a place of the file.
func (d *document) problem(line, column int, text string) {
	if len(d.problems) == maxProblems {
		d.more++
		return
	}
	d.problems = append(d.problems, Problem{File: d.name, Line: line, Column: column, Text: text})
}

// sorted returns the problems in the order of the lines, with their sources.
func (d *document) sorted() Problems {
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	for i, p := range d.problems {
		if p.Line > 0 && p.Line <= len(d.lines) {
			d.problems[i].Source, d.problems[i].caret = show(d.lines[p.Line-1], p.Column, d.secretFrom(p.Line))
		}
	}
	if d.more > 0 {
		d.problems = append(d.problems, Problem{File: d.name, Text: "and more problems, which are not shown"})
	}
	return d.problems
}

// lineBreak matches what ends a line in YAML. document.check refuses other line breaks.
var lineBreak = pattern.Lazy(`\r\n|\r|\n`)

// parse returns the mapping that the file is, or nil if it is none.
func (d *document) parse(data []byte) *yaml.Node {
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		data = rest
		d.lines = lineBreak().Split(string(data), -1)
		d.problem(1, 1, "a byte order mark (U+FEFF) in front of it: save it as UTF-8 without one")
	}
	d.lines = lineBreak().Split(string(data), -1)
	if !d.check(data) {
		return nil
	}
	root := d.load(data)
	if root == nil {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.problem(root.Line, root.Column, "it is "+kind(root)+": want "+wanted)
		return nil
	}
	if !d.plain(root) {
		return nil
	}
	return root
}

// check refuses characters that YAML refuses without saying where they are, and line breaks
// that cannot be seen.
func (d *document) check(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		d.problem(0, 0, "it is UTF-16: save it as UTF-8 without a byte order mark")
		return false
	}
	for i, line := range d.lines {
		column := 0
		for k, r := range line {
			column++
			text := ""
			switch {
			case r == utf8.RuneError && !strings.HasPrefix(line[k:], string(utf8.RuneError)):
				text = "a byte that is not UTF-8: save the file as UTF-8"
			case r == '\u0085' || r == '\u2028' || r == '\u2029':
				text = "a line break that cannot be seen: remove it"
			case r == '\uFEFF':
				text = "a byte order mark (U+FEFF): remove it"
			case r != '\t' && unicode.IsControl(r), r == '\uFFFE', r == '\uFFFF':
				text = "a control character: remove it, or write it as an escape in double quotes"
			}
			if text != "" {
				d.problem(i+1, column, text)
				return false
			}
		}
	}
	return true
}

// load returns the only document of the file, or nil.
func (d *document) load(data []byte) *yaml.Node {
	lines := slices.Clone(d.lines)
	for {
		node, err := d.loadOnce(strings.Join(lines, "\n"))
		wrong, ok := errors.AsType[*yaml.LoadError](err)
		switch {
		case ok && d.syntax(wrong, lines):
			continue // the line was mended, to find the next problem
		case ok:
			return nil
		case err != nil:
			d.problem(0, 0, "YAML cannot be understood: "+err.Error())
			return nil
		}
		return node
	}
}

func (d *document) loadOnce(text string) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var first, second yaml.Node
	switch err = loader.Load(&first); {
	case errors.Is(err, io.EOF) || err == nil && len(first.Content) == 0:
		d.problem(0, 0, "there is nothing in it but comments: want "+wanted)
		return nil, nil
	case err != nil:
		return nil, err
	}
	root := first.Content[0]
	switch err = loader.Load(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, err
	default:
		line, column := second.Line, second.Column
		if at := slices.IndexFunc(d.lines[min(root.Line, len(d.lines)):], func(l string) bool { return strings.HasPrefix(l, "---") }); at >= 0 {
			line, column = min(root.Line, len(d.lines))+at+1, 1
		}
		d.problem(line, column, "a second document begins here: want one in a file")
	}
	return root, nil
}

const noAliases = "anchors (&name) and aliases (*name) are not used here: write the value itself, in quotes if it begins with & or *"

// plain refuses anchors, aliases and tags: a jobs file needs none of them, and they make
// a value something else than what can be read.
func (d *document) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.hide(n) // it may be a secret, and nothing has been read yet
		d.problem(n.Line, n.Column, noAliases)
		return false
	case n.Style&yaml.TaggedStyle != 0:
		d.hide(n)
		d.problem(n.Line, n.Column, "tags (!name) are not used here: remove it, or put the value into quotes")
		return false
	}
	ok := true
	for _, child := range n.Content {
		ok = d.plain(child) && ok
	}
	return ok
}

// hide marks a value as a secret. Of the lines on which it stands, nothing from its begin
// on is shown.
func (d *document) hide(n *yaml.Node) {
	if d.hidden == nil {
		d.hidden = map[int]int{}
	}
	if at, ok := d.hidden[n.Line]; !ok || n.Column < at {
		d.hidden[n.Line] = n.Column
	}
}

// secretLine matches a line of the file from whose value on it may be a secret. It is for
// files that are no YAML, where more is not known.
var secretLine = pattern.Lazy(`\b(?:env|on_finish)["']?\s*:\s*`)

// secretFrom returns the column from which a line is a secret, or 0.
func (d *document) secretFrom(line int) int {
	if at, ok := d.hidden[line]; ok {
		return at
	}
	text := d.lines[line-1]
	if at := secretLine().FindStringIndex(text); at != nil {
		return utf8.RuneCountInString(text[:at[1]]) + 1
	}
	// A line below env: is further to the right than that, and all lines between them are.
	indent := indentation(text)
	for i := line - 2; i >= 0 && indent > 0; i-- {
		above := d.lines[i]
		if trimmed := strings.TrimSpace(above); trimmed == "" || trimmed[0] == '#' || indentation(above) >= indent {
			continue
		}
		if indent = indentation(above); secretLine().MatchString(above) {
			name, _, _ := strings.Cut(text, ":")
			return utf8.RuneCountInString(name) + 2
		}
	}
	return 0
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// kind names what a value is.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!int" || n.Tag == "!!float":
		return "a number"
	case n.Tag == "!!bool":
		return "true or false"
	}
	return "text"
}
