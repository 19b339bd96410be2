// Package docs compiles the Go code in the documents and runs its tests.
package docs

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	// The code in the documents imports these; without them go.mod would not list them.
	_ "github.com/rs/zerolog"
	_ "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/heartbeat"
	_ "github.com/understudy-go/understudy/jobs"
	_ "github.com/understudy-go/understudy/jobs/scheduler"
	_ "github.com/understudy-go/understudy/registry/mongodb"
	_ "github.com/understudy-go/understudy/registry/sqlite"
	_ "github.com/understudy-go/understudy/worker"
)

const ours = "github.com/understudy-go/understudy/"

// imports are the packages that the code in the documents may use.
var imports = map[string]string{
	"bson": "go.mongodb.org/mongo-driver/v2/bson", "context": "context", "errors": "errors", "filepath": "path/filepath", "fmt": "fmt",
	"heartbeat": ours + "heartbeat", "http": "net/http", "jobs": ours + "jobs", "log": "log", "mongo": "go.mongodb.org/mongo-driver/v2/mongo",
	"mongodb": ours + "registry/mongodb", "options": "go.mongodb.org/mongo-driver/v2/mongo/options", "os": "os", "registry": ours + "registry", "scheduler": ours + "jobs/scheduler",
	"signal": "os/signal", "slog": "log/slog", "sql": "database/sql", "sqlite": ours + "registry/sqlite", "syscall": "syscall",
	"testing": "testing", "time": "time", "worker": ours + "worker", "zerolog": "github.com/rs/zerolog",
}

// around declares what the code in the documents uses without declaring it.
const around = `
func work(ctx context.Context, t registry.Term) error { <-ctx.Done(); return nil }
func warm(ctx context.Context) { <-ctx.Done() }
func finish(ctx context.Context) { <-ctx.Done() }

func database(t *testing.T) *sql.DB {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "reports.db"))
	if err == nil {
		_, err = db.Exec(schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
`

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }

func blocks(text, language string) (list []string) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// file makes a Go file from declarations or statements.
func file(t *testing.T, code string) string {
	t.Helper()
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package snippet\n"+code, 0); err != nil {
		code = "func _(ctx context.Context, reg registry.Registry) {\n_, _ = ctx, reg\n{\n" + code + "}\n}\n"
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`\b([a-z]+)\.[A-Z]`).FindAllStringSubmatch(code, -1) {
		if path := imports[m[1]]; path != "" {
			named[path] = true
		}
	}
	text := "package snippet\n"
	for _, path := range slices.Sorted(maps.Keys(named)) {
		text += fmt.Sprintf("import %q\n", path)
	}
	return text + code
}

func TestLibrary_CodeCompilesAndPasses(t *testing.T) {
	text := string(part.File(t, "docs/library.md"))
	code := blocks(text, "go")
	if tables := blocks(text, "sql"); len(code) < 10 || len(tables) != 1 {
		t.Fatalf("%d blocks of Go and %d of SQL", len(code), len(tables))
	}
	code = append(code, around+fmt.Sprintf("const schema = %q\n", blocks(text, "sql")[0]))

	// An overlay makes the files a package that does not exist on the disk.
	dir, err := filepath.Abs("snippet")
	if err != nil {
		t.Fatal(err)
	}
	temp, overlay := t.TempDir(), map[string]string{}
	for i, block := range code {
		name := fmt.Sprintf("block%d_test.go", i+1)
		if err := os.WriteFile(filepath.Join(temp, name), []byte(file(t, block)), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(dir, name)] = filepath.Join(temp, name)
	}
	index, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(temp, "overlay.json"), index, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(temp, "snippet.test")
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-o", binary, "-overlay="+filepath.Join(temp, "overlay.json"), "./snippet").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err = exec.Command(binary, "-test.v", "-test.timeout=5m").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(string(out), "--- PASS: "+m[1]+" ") {
			t.Errorf("%s did not run:\n%s", m[1], out)
		}
	}
}

// TestLibrary_NamesFieldsOfState: each capitalised word in code in a paragraph about
// State has to be a field of it.
func TestLibrary_NamesFieldsOfState(t *testing.T) {
	state, named := reflect.TypeFor[heartbeat.State](), 0
	for paragraph := range strings.SplitSeq(string(part.File(t, "docs/library.md")), "\n\n") {
		if !strings.Contains(paragraph, "`member.State()`") {
			continue
		}
		for _, m := range regexp.MustCompile("`([A-Z]\\w*)`").FindAllStringSubmatch(paragraph, -1) {
			named++
			if _, ok := state.FieldByName(m[1]); !ok {
				t.Errorf("heartbeat.State has no field %s:\n%s", m[1], paragraph)
			}
		}
	}
	if named == 0 {
		t.Error("no field is named: has the form of the document changed?")
	}
}
