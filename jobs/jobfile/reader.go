package jobfile

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/internal/pattern"
	"github.com/understudy-go/understudy/internal/wording"
	"github.com/understudy-go/understudy/jobs"
)

// reader reads the mapping that a file is.
type reader struct {
	doc    document
	zone   string // of the jobs that name none
	jobs   []Job
	scopes []*scope // of the jobs
}

func fileKeys() []Key { return describe("", topKeys) }

// file reads the whole file.
func (r *reader) file(root *yaml.Node, limits jobs.Limits) {
	top := value{root, newScope(&r.doc, ""), ""}
	mapping(top, top.keys(), topKeys, r)
	if top.scope.lacks("jobs") {
		top.fail("it has no jobs: want %s", wanted)
	}
	for i := range r.jobs {
		if r.jobs[i].Zone == "" {
			r.jobs[i].Zone = r.zone
		}
	}
	faults, _ := errors.AsType[jobs.Faults](jobs.Validate(File{Jobs: r.jobs}.Definitions(), limits))
	for _, f := range faults {
		r.fault(f)
	}
}

// fault notes a fault of a definition at its place in the file.
func (r *reader) fault(f jobs.Fault) {
	s := r.scopes[f.Index]
	if f.Field == "name" {
		s.note(s.nodes["name"], "", f.Text)
		return
	}
	node, path := s.nodes[f.Field], f.Field
	for node == nil { // a field without a value of its own, such as the policy of "missed: all"
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			node, path = s.nodes["name"], "name"
			break
		}
		path = path[:i]
		node = s.nodes[path]
	}
	if single, ok := strings.CutSuffix(path, "[0]"); ok && s.nodes[single] == node {
		path = single // it is no list in the file
	}
	moved := *node
	moved.Column += r.doc.offset(node, f.Offset)
	s.note(&moved, path, f.Text)
}

// offset returns how many columns a place in a text is from the beginning of its value, or
// 0 if that is not known.
func (d *document) offset(n *yaml.Node, bytes int) int {
	if n.Line > len(d.lines) || bytes <= 0 || bytes > len(n.Value) {
		return 0
	}
	quotes := 0
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		quotes = 1
	}
	runes := []rune(d.lines[n.Line-1])
	if from := n.Column - 1 + quotes; from > len(runes) || !strings.HasPrefix(string(runes[from:]), n.Value) {
		return 0
	}
	return quotes + len([]rune(n.Value[:bytes]))
}

func readTimezone(v value, r *reader) { r.zone = v.zone() }

func readJobs(v value, r *reader) {
	if v.Kind != yaml.MappingNode {
		v.fail("it is %s: want a mapping from names to jobs, or {} for none", kind(v.Node))
		return
	}
	if n := len(v.Content) / 2; n > jobs.MaxJobs {
		v.fail("%d jobs: want %d or fewer", n, jobs.MaxJobs)
		return
	}
	for _, e := range v.keys() {
		job := Job{Definition: jobs.Definition{Name: e.name}}
		s := newScope(v.scope.doc, e.name)
		s.nodes["name"] = e.key
		if !plainName().MatchString(s.job) {
			s.job = wording.Quote(s.job)
		}
		r.scopes = append(r.scopes, s)
		body := value{e.value, s, ""}
		switch entries := body.keys(); {
		case body.Kind != yaml.MappingNode:
			body.fail("it is %s: want a mapping with a command: at least", kind(e.value))
		default:
			mapping(body, entries, jobKeys, &job)
			if s.lacks("command") {
				s.note(e.key, "", "it has no command: want one, such as command: [./report, --daily]")
			}
		}
		r.jobs = append(r.jobs, job)
	}
}

// plainName matches the name of a job that can be shown as it is.
var plainName = pattern.Lazy(`^[A-Za-z0-9._-]{1,100}$`)

func readRetries(v value, j *Job) { mapping(v, v.keys(), retryKeys, &j.Retries) }

func readKeep(v value, j *Job) { mapping(v, v.keys(), keepKeys, &j.Keep) }

func readMissed(v value, j *Job) {
	if v.Kind == yaml.ScalarNode {
		j.Missed.Policy = choice(v, jobs.MissedPolicies)
		return
	}
	mapping(v, v.keys(), missedKeys, &j.Missed)
}

func (v value) then() (list []jobs.Then) {
	for _, e := range v.list("jobs, such as [{job: publish, on: success}]") {
		var t jobs.Then
		mapping(e, e.keys(), thenKeys, &t)
		switch {
		case e.Kind != yaml.MappingNode:
		case v.scope.lacks(e.path + ".job"):
			e.fail("it names no job: want job: NAME")
		case t.Job != "":
			e.moveTo(fmt.Sprintf("%s[%d]", v.path, len(list)))
			list = append(list, t)
		}
	}
	return list
}
