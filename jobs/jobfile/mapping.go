package jobfile

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/internal/editdistance"
	"github.com/understudy-go/understudy/internal/wording"
)

// scope is the job that is read, and where its values stand.
type scope struct {
	doc   *document
	job   string                // for messages; empty: the file
	nodes map[string]*yaml.Node // by path; nil: a mistyped key stands for it
}

func newScope(d *document, job string) *scope {
	return &scope{doc: d, job: job, nodes: map[string]*yaml.Node{}}
}

// lacks reports whether there is nothing at a path, not even under a mistyped key.
func (s *scope) lacks(path string) bool {
	_, ok := s.nodes[path]
	return !ok
}

// below returns the path of a key below another path.
func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// value is a value of the file, with its place.
type value struct {
	*yaml.Node
	scope *scope
	path  string // such as retries.max or then[1].job
}

// at returns the value of a key or an index below this one.
func (v value) at(path string, n *yaml.Node) value {
	v.scope.nodes[path] = n
	return value{n, v.scope, path}
}

// fail notes what is wrong with the value.
func (v value) fail(format string, args ...any) {
	v.scope.note(v.Node, v.path, fmt.Sprintf(format, args...))
}

func (s *scope) note(at *yaml.Node, path, text string) {
	for _, before := range []string{path, s.job} {
		if before != "" {
			text = before + ": " + text
		}
	}
	s.doc.problem(at.Line, at.Column, text)
}

// entry is a key of a mapping with its value.
type entry struct {
	name       string
	key, value *yaml.Node
}

// keys returns the entries of a mapping. It notes those that have no usable key, or one
// that was there before.
func (v value) keys() (list []entry) {
	if v.Kind != yaml.MappingNode {
		return nil
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(v.Content); i += 2 {
		k, val := v.Content[i], v.Content[i+1]
		line, twice := lines[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode:
			v.scope.note(k, v.path, "a key that is "+kind(k)+": want a name")
		case twice:
			v.scope.doc.hide(val)
			v.scope.note(k, v.path, fmt.Sprintf("%s is there twice: it is also in line %d", wording.Quote(k.Value), line))
		default:
			lines[k.Value] = k.Line
			list = append(list, entry{k.Value, k, val})
			continue
		}
	}
	return list
}

// mapping reads the entries of a mapping into a T.
func mapping[T any](v value, entries []entry, keys []key[T], to *T) {
	if v.Kind != yaml.MappingNode {
		v.fail("it is %s: want a mapping", kind(v.Node))
		return
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
next:
	for _, e := range entries {
		for _, k := range keys {
			if k.name != e.name {
				continue
			}
			child := v.at(below(v.path, e.name), e.value)
			if e.value.Tag == "!!null" {
				child.fail("it has no value: give it one, or remove the key")
			} else {
				k.read(child, to)
			}
			continue next
		}
		v.scope.doc.hide(e.value) // it may be a secret whose key is mistyped
		text := "want " + wording.AnyOf(names)
		if meant := guess(e.name, names); meant != "" {
			text = "did you mean " + meant + "?"
			if path := below(v.path, meant); v.scope.lacks(path) {
				v.scope.nodes[path] = nil
			}
		}
		v.scope.note(e.key, v.path, "unknown key "+wording.Quote(e.name)+": "+text)
	}
}

// guess returns the key that was meant by an unknown one, or "".
func guess(typed string, names []string) string {
	lower := strings.ReplaceAll(strings.ToLower(typed), "-", "_")
	if other := misnamed[lower]; slices.Contains(names, other) {
		return other
	}
	return editdistance.Closest(lower, names)
}
