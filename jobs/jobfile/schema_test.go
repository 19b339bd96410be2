package jobfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/jobs"
)

const schemaFile = "../../docs/jobs.schema.json"

// compiled returns the schema that editors use.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// toJSON returns a value of YAML as an editor sees it. It returns false for what JSON does
// not have.
func toJSON(n *yaml.Node) (value any, ok bool) {
	switch n.Kind {
	case yaml.DocumentNode:
		return toJSON(n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if _, twice := m[k.Value]; twice || k.Kind != yaml.ScalarNode {
				return nil, false
			}
			if m[k.Value], ok = toJSON(n.Content[i+1]); !ok {
				return nil, false
			}
		}
		return m, n.Anchor == "" && n.Style&yaml.TaggedStyle == 0
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, ok := toJSON(c)
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		return list, true
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!null":
			return nil, true
		case "!!bool":
			return n.Value == "true", true
		case "!!int", "!!float":
			if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
				return json.Number(strconv.FormatFloat(f, 'f', -1, 64)), true
			}
		}
		return n.Value, true
	}
	return nil, false
}

// unseen are words of problems that a schema cannot see, besides a duration that is beyond
// all bounds, and a number like 1e1.
var unseen = []string{
	"no time zone", "there is no job", "leads back", "out of range", "never comes", "no effect", "less than the backoff", "than the instance has to stop", "from 100ms to 365d",
	"want one from 1970", "one line", "NUL", "command[0]: it is empty", "not begin with 0", "longer than 0",
}

func TestSchema_RefusesWhatTheParserRefuses(t *testing.T) {
	schema, compared := compiled(t), 0
	for _, tt := range mistakes {
		var n yaml.Node
		if err := yaml.Load([]byte(tt.text), &n); err != nil || len(n.Content) == 0 || strings.HasPrefix(tt.text, "\xef\xbb\xbf") {
			continue // no editor asks its schema about it
		}
		v, ok := toJSON(&n)
		if !ok || strings.Contains(tt.text, "99999999h") || strings.Contains(tt.text, "1e1") || slices.ContainsFunc(unseen, func(words string) bool { return strings.Contains(tt.want, words) }) {
			continue
		}
		compared++
		if schema.Validate(v) == nil {
			t.Errorf("the schema accepts %.300q, which has a problem: %s", tt.text, tt.want)
		}
	}
	if compared < 60 {
		t.Errorf("only %d files were compared", compared)
	}
}

func TestSchema_AcceptsWhatTheParserAccepts(t *testing.T) {
	schema := compiled(t)
	example, err := os.ReadFile("../../deploy/jobs.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{full, string(example), "jobs: {}"}
	for _, line := range []string{
		"timeout: 1.5h", "timeout: 100ms", "timeout: 1d12h", "drain: 0s", "priority: +5", "priority: 0", "retries: {}", "missed: {}", "keep: {}", "env: {}", "then: []x", "enabled: true",
		"on_finish: HTTPS://[::1]:80?x=y", "on_finish: http://x", "at: '2027-01-01T00:00:00.5Z'", "schedule: H H * * *", "command: x", "description: ' '", "timezone: utc", "dir: .", "env: {a1: true, _: 1.5}",
	} {
		files = append(files, oneJob(line), strings.Replace(oneJob(line), "    command: ./a\n", "    command: [true, 1, 2.5]\n", 1))
	}
	compared := 0
	for _, text := range files {
		if _, err := Parse("jobs.yaml", []byte(text), limits); err != nil {
			continue
		}
		compared++
		var n yaml.Node
		if err := yaml.Load([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		v, ok := toJSON(&n)
		if !ok {
			t.Fatalf("no JSON: %s", text)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("the schema refuses\n%s\n%v", text, err)
		}
	}
	if compared < 35 {
		t.Errorf("only %d files were compared", compared)
	}
}

// object is a part of the schema.
type object = map[string]any

func TestSchema_HasTheKeysOfTheParser(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema object
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	job := schema["$defs"].(object)["job"].(object)
	part := func(name string) object {
		p := job["properties"].(object)[name].(object)
		if of, ok := p["oneOf"].([]any); ok {
			p = of[1].(object)
		}
		if items, ok := p["items"].(object); ok {
			p = items
		}
		return p
	}
	compare(t, "the file", schema, topKeys)
	compare(t, "a job", job, jobKeys)
	compare(t, "retries", part("retries"), retryKeys)
	compare(t, "missed", part("missed"), missedKeys)
	compare(t, "keep", part("keep"), keepKeys)
	compare(t, "then", part("then"), thenKeys)

	enum := func(o object, key string) string { return fmt.Sprint(o["properties"].(object)[key].(object)["enum"]) }
	for _, e := range []struct{ got, want string }{
		{enum(job, "overlap"), fmt.Sprint(jobs.Overlaps)},
		{enum(job, "interrupted"), fmt.Sprint(jobs.Interruptions)},
		{enum(part("missed"), "policy"), fmt.Sprint(jobs.MissedPolicies)},
		{fmt.Sprint(job["properties"].(object)["missed"].(object)["oneOf"].([]any)[0].(object)["enum"]), fmt.Sprint(jobs.MissedPolicies)},
		{enum(part("then"), "on"), fmt.Sprint(jobs.Ons)},
	} {
		if e.got != e.want {
			t.Errorf("the schema has %s, the parser %s", e.got, e.want)
		}
	}
}

// compare compares the keys of a mapping with those of the schema: their names, which of
// them are required, and the defaults.
func compare[T any](t *testing.T, what string, schema object, keys []key[T]) {
	t.Helper()
	properties := maps.Clone(schema["properties"].(object))
	required := fmt.Sprint(schema["required"])
	if schema["additionalProperties"] != false {
		t.Errorf("%s: the schema allows unknown keys", what)
	}
	for _, k := range keys {
		p, ok := properties[k.name].(object)
		if !ok {
			t.Errorf("%s: the schema does not have %s", what, k.name)
			continue
		}
		delete(properties, k.name)
		if (k.missing == "required") != slices.Contains(strings.Fields(strings.Trim(required, "[]")), k.name) {
			t.Errorf("%s: %s is required in one of the parser and the schema", what, k.name)
		}
		description, _ := p["description"].(string)
		if value, ok := strings.CutPrefix(k.missing, "`"); ok {
			value, _, _ = strings.Cut(value, "`")
			if !strings.Contains(description, ". Default: "+value) {
				t.Errorf("%s: %s: the schema does not say that the default is %s: %s", what, k.name, value, description)
			}
		} else if description == "" {
			t.Errorf("%s: the schema does not describe %s", what, k.name)
		}
	}
	for name := range properties {
		t.Errorf("%s: only the schema has %s", what, name)
	}
}
