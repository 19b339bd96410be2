package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

const documentFile = "../../docs/openapi.yaml"

// description is docs/openapi.yaml, and which of its answers the tests saw.
var description = readDocument()

type document struct {
	root map[string]any

	mu      sync.Mutex
	schemas *jsonschema.Compiler
	seen    map[string]bool // METHOD PATH CODE
}

func readDocument() *document {
	text, err := os.ReadFile(documentFile)
	d := &document{seen: map[string]bool{}, schemas: jsonschema.NewCompiler()}
	if err == nil {
		err = yaml.Unmarshal(text, &d.root)
	}
	if err != nil {
		panic(err)
	}
	asJSON, _ := json.Marshal(d.root)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err == nil {
		err = d.schemas.AddResource("openapi.json", parsed)
	}
	if err != nil {
		panic(err)
	}
	d.schemas.AssertFormat()
	return d
}

// get returns what stands at a place in the document. It follows references.
func (d *document) get(from any, keys ...string) any {
	for _, key := range keys {
		m, _ := from.(map[string]any)
		from = m[key]
		if m, ok := from.(map[string]any); ok {
			if ref, ok := m["$ref"].(string); ok {
				from = d.get(d.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
		}
	}
	return from
}

// path returns the path of the document that a request's path is an example of.
func (d *document) path(escaped string) string {
	parts := strings.Split(escaped, "/")
	for path := range d.get(d.root, "paths").(map[string]any) {
		if slices.EqualFunc(strings.Split(path, "/"), parts, func(name, part string) bool { return name == part || name[:min(len(name), 1)] == "{" && part != "" }) {
			return path
		}
	}
	return ""
}

// operations are all methods of all paths.
func (d *document) operations() (list [][2]string) {
	for path, item := range d.get(d.root, "paths").(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				list = append(list, [2]string{strings.ToUpper(method), path})
			}
		}
	}
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[1]+a[0], b[1]+b[0]) })
	return list
}

// check compares an answer with the document.
func (d *document) check(t testing.TB, method, escaped string, a answer) {
	t.Helper()
	path := d.path(escaped)
	item, _ := d.get(d.root, "paths", path).(map[string]any)
	operation, known := item[strings.ToLower(method)]
	if !known {
		if a.code != http.StatusNotFound && a.code != http.StatusMethodNotAllowed && a.code != http.StatusUnauthorized && method != http.MethodHead {
			t.Errorf("%s %s: %d, but docs/openapi.yaml does not have it", method, escaped, a.code)
		}
		return
	}
	code := strconv.Itoa(a.code)
	response, ok := d.get(operation, "responses", code).(map[string]any)
	if !ok {
		t.Errorf("%s %s: docs/openapi.yaml does not have the answer %s", method, path, code)
		return
	}
	d.mu.Lock()
	d.seen[method+" "+path+" "+code] = true
	d.mu.Unlock()
	headers, _ := response["headers"].(map[string]any)
	for name := range headers {
		if a.header.Get(name) == "" {
			t.Errorf("%s %s: %s without the header %s", method, path, code, name)
		}
	}
	for _, name := range []string{"Location", "Retry-After", "WWW-Authenticate"} {
		if headers[name] == nil && a.header.Get(name) != "" {
			t.Errorf("%s %s: docs/openapi.yaml does not have the header %s of the answer %s", method, path, name, code)
		}
	}
	content, _ := response["content"].(map[string]any)
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	media, ok := content[kind]
	if !ok || len(content) != 1 {
		t.Errorf("%s %s: %s is %q, docs/openapi.yaml has %v", method, path, code, kind, slices.Collect(maps.Keys(content)))
		return
	}
	ref, ok := media.(map[string]any)["schema"].(map[string]any)
	if !ok {
		return
	}
	d.mu.Lock()
	schema, err := d.schemas.Compile("openapi.json" + ref["$ref"].(string))
	d.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s %s: %s is not what docs/openapi.yaml has: %v\n%s", method, path, code, err, a.body)
	}
}

// unseen lists the answers of the document that no test saw.
func (d *document) unseen() (list []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, op := range d.operations() {
		responses := d.get(d.root, "paths", op[1], strings.ToLower(op[0]), "responses").(map[string]any)
		for _, code := range slices.Sorted(maps.Keys(responses)) {
			if name := op[0] + " " + op[1] + " " + code; !d.seen[name] {
				list = append(list, name)
			}
		}
	}
	return list
}

func TestOpenAPI_HasTheRoutesOfTheHandler(t *testing.T) {
	var want [][2]string
	for path, methods := range New(Config{}).routes() {
		for method := range methods {
			want = append(want, [2]string{method, path})
		}
	}
	slices.SortFunc(want, func(a, b [2]string) int { return strings.Compare(a[1]+a[0], b[1]+b[0]) })
	if diff := cmp.Diff(want, description.operations()); diff != "" {
		t.Errorf("(- handler, + docs/openapi.yaml):\n%s", diff)
	}
	for _, op := range want {
		names := strings.Count(op[1], "{")
		item := description.get(description.root, "paths", op[1]).(map[string]any)
		if parameters, _ := item["parameters"].([]any); len(parameters) != names {
			t.Errorf("%s has %d parameters, docs/openapi.yaml has %d", op[1], names, len(parameters))
		}
	}
}

// The fields of a schema are those of its type, and the ones that are required are those
// that are never left out.
func TestOpenAPI_HasTheFieldsOfTheTypes(t *testing.T) {
	types := map[string]reflect.Type{
		"Jobs": reflect.TypeFor[view.Jobs](), "Job": reflect.TypeFor[view.Job](), "Request": reflect.TypeFor[view.Request](),
		"Runs": reflect.TypeFor[view.Runs](), "Run": reflect.TypeFor[view.Run](), "Attempt": reflect.TypeFor[view.Attempt](),
		"Progress": reflect.TypeFor[view.Progress](), "Output": reflect.TypeFor[view.Output](), "Problem": reflect.TypeFor[problem](),
	}
	schemas := description.get(description.root, "components", "schemas").(map[string]any)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(schemas))); diff != "" {
		t.Errorf("the types (- code, + docs/openapi.yaml):\n%s", diff)
	}
	for name, typ := range types {
		fields, required := map[string]string{}, []string{}
		for i := range typ.NumField() {
			f := typ.Field(i)
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || tag == "-" {
				continue
			}
			fields[tag] = jsonType(f.Type)
			if options == "" {
				required = append(required, tag)
			}
		}
		described := map[string]string{}
		schema, _ := schemas[name].(map[string]any)
		for field := range schema["properties"].(map[string]any) {
			at := description.get(schema, "properties", field).(map[string]any)
			described[field] = fmt.Sprint(at["type"])
			if at["format"] == "date-time" {
				described[field] = "instant"
			}
		}
		if diff := cmp.Diff(fields, described); diff != "" {
			t.Errorf("%s (- code, + docs/openapi.yaml):\n%s", name, diff)
		}
		list := []string{}
		for _, field := range asList(schema["required"]) {
			list = append(list, field.(string))
		}
		slices.Sort(list)
		slices.Sort(required)
		if diff := cmp.Diff(required, list); diff != "" {
			t.Errorf("what %s requires (- code, + docs/openapi.yaml):\n%s", name, diff)
		}
	}
	enum := description.get(description.root, "components", "schemas", "Run", "properties", "status", "enum")
	if got, want := fmt.Sprint(enum), fmt.Sprint(store.States); got != want {
		t.Errorf("the states are %v, docs/openapi.yaml has %v", want, got)
	}
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func jsonType(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return jsonType(t.Elem())
	case t.String() == "time.Time":
		return "instant"
	case t.String() == "uuid.UUID", t.String() == "[]uint8", t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Float64:
		return "number"
	case t.Kind() == reflect.Slice:
		return "array"
	case t.Kind() == reflect.Struct:
		return "object"
	}
	return "integer"
}
