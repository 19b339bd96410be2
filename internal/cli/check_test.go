package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry/finding"
)

func TestCheck_HasALineForEachThing(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	right, wrong := filepath.Join(dir, "right.yaml"), filepath.Join(dir, "wrong.yaml")
	for name, text := range map[string]string{
		right: "jobs:\n  a: {command: [\"true\"]}\n  b: {command: [\"true\"], schedule: '@hourly'}\n",
		wrong: "jobs:\n  a: {command: [\"true\"]}\n  b: {command: [\"true\"], schedule: '* *', overlap: no}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		env   []string
		code  int
		lines []string // beginnings
		says  string
	}{
		{"a file that is not there", []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "registry.db")}, exitcode.OK,
			[]string{"✓  configuration  group default, a beat every 1s", "✓  guard  the process that ends a command started", "✓  isolation  UNDERSTUDY_ISOLATION=auto: in effect is ", "✓  file  ", "✓  local  ", "✓  directory  "}, "does not exist yet"},
		{"a directory that is not there", []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "a", "registry.db")}, exitcode.Config,
			[]string{"✗  configuration  UNDERSTUDY_REGISTRY="}, "its directory does not exist"},
		{"a file that is something else", []string{"UNDERSTUDY_REGISTRY=sqlite:" + text}, exitcode.Failure,
			[]string{"✓  configuration", "✓  guard", "✓  isolation", "✓  file", "✓  local", "✓  directory", "✗  database"}, "name another file"},
		{"several mistakes", []string{"UNDERSTUDY_REGISTRY=mongodb://u:hunter2@", "UNDERSTUDY_GROUP=a b\x1b", "UNDERSTUDY_NOBODY_KNOWS=1"}, exitcode.Config,
			[]string{"✗  configuration  UNDERSTUDY_REGISTRY", "✗  configuration  UNDERSTUDY_GROUP", "!  configuration  UNDERSTUDY_NOBODY_KNOWS"}, "host 1 of 1"},
		{"a program that is not there", []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "registry.db"), "UNDERSTUDY_ON_CHANGE=/nope x"}, exitcode.Config,
			[]string{"✗  configuration  UNDERSTUDY_ON_CHANGE", "✓  guard", "✓  isolation", "✓  file", "✓  local", "✓  directory"}, "/nope"},
		{"a jobs file", []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "registry.db"), "UNDERSTUDY_JOBS=" + right}, exitcode.OK,
			[]string{"✓  configuration", "✓  jobs file", "✓  guard", "✓  isolation", "✓  file", "✓  local", "✓  directory"}, "2 jobs"},
		{"a jobs file with mistakes", []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "registry.db"), "UNDERSTUDY_JOBS=" + wrong}, exitcode.Config,
			[]string{"✓  configuration", "✗  jobs file", "✗  jobs file", "✓  guard", "✓  isolation", "✓  file", "✓  local", "✓  directory"}, wrong + ":3:"},
		{"a jobs file that is not there", []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "registry.db"), "UNDERSTUDY_JOBS=" + filepath.Join(dir, "none")}, exitcode.Config,
			[]string{"✓  configuration", "✗  jobs file", "✓  guard", "✓  isolation", "✓  file", "✓  local", "✓  directory"}, "no such file"},
		{"a mistake that the driver finds", []string{"UNDERSTUDY_REGISTRY=mongodb://u:hunter2@127.0.0.1/ops?connectTimeoutMS=abc"}, exitcode.Config,
			[]string{"✓  configuration", "✓  guard", "✓  isolation", "✗  reachable"}, "correct the URI"},
		{"a server that does not answer", []string{"UNDERSTUDY_REGISTRY=mongodb://app:hunter2@127.0.0.1:9/ops", "UNDERSTUDY_CONNECT_TIMEOUT=2s"}, exitcode.Unavailable,
			[]string{"✓  configuration", "✓  guard", "✓  isolation", "✗  reachable"}, "connection refused"},
		{"a real server", []string{"UNDERSTUDY_REGISTRY=" + mongotest.Shared(t)}, exitcode.OK,
			[]string{"✓  configuration", "✓  guard", "✓  isolation", "✓  reachable", "!  authenticated", "!  replica set", "✓  collections", "✓  writable", "✓  majority", "✓  clock", "✓  schema", "✓  trial", "✓  index", "✓  watch"}, "1 member"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testkit.CleanEnv(t, tt.env...)
			code, stdout, stderr := inProcess("check")
			if code != tt.code || stderr != "" {
				t.Errorf("exit code %d, stderr %q, want %d and nothing", code, stderr, tt.code)
			}
			stdout = testkit.WithoutContainer(stdout)
			lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
			if len(lines) != len(tt.lines) {
				t.Fatalf("want %d lines, got\n%s", len(tt.lines), stdout)
			}
			for i, line := range lines {
				if !strings.HasPrefix(strings.Join(strings.Fields(line), " "), strings.Join(strings.Fields(tt.lines[i]), " ")) {
					t.Errorf("line %d is %q, want %q", i+1, line, tt.lines[i])
				}
			}
			if !strings.Contains(stdout, tt.says) || strings.Contains(stdout, "hunter2") || strings.Contains(stdout, "\x1b") {
				t.Errorf("want %q, no secret and no control character in\n%s", tt.says, stdout)
			}

			code, stdout, _ = inProcess("check", "--json")
			var r checkResult
			err := json.Unmarshal([]byte(stdout), &r)
			r.Findings = slices.DeleteFunc(r.Findings, func(f finding.Finding) bool { return testkit.WithoutContainer(f.Detail) == "" })
			if err != nil || code != tt.code || r.OK != (code == exitcode.OK) || len(r.Findings) != len(lines) {
				t.Errorf("--json: exit code %d, %v\n%s", code, err, stdout)
			}
			for i, f := range r.Findings {
				if !strings.HasPrefix(lines[i], marks[f.Mark].Text+"  "+f.Name) {
					t.Errorf("--json has %+v for the line %q", f, lines[i])
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
		t.Error("it made a directory")
	}
}

func TestCheck_ExitCodeIsThatOfTheWorstFinding(t *testing.T) {
	fault := finding.Finding{Name: "schema", Mark: finding.MarkError}
	unreachable := finding.Finding{Name: "reachable", Mark: finding.MarkError}
	fine, warning := finding.Finding{Name: "file", Mark: finding.MarkOK}, finding.Finding{Name: "index", Mark: finding.MarkWarning}
	for _, tt := range []struct {
		list []finding.Finding
		code int
	}{
		{[]finding.Finding{fine, warning}, exitcode.OK},
		{[]finding.Finding{fine, fault, warning}, exitcode.Failure},
		{[]finding.Finding{fault, unreachable}, exitcode.Unavailable},
		{[]finding.Finding{unreachable, fault}, exitcode.Unavailable},
	} {
		r := checkResult{Findings: tt.list}
		if code := r.grade(); code != tt.code || r.OK != (code == exitcode.OK) {
			t.Errorf("%v: exit code %d, ok %v, want %d", tt.list, code, r.OK, tt.code)
		}
	}
}
