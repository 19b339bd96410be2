package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/understudy-go/understudy"

// directions says which of our packages a package may import. What is not
// listed may import none; packages below an internal folder belong to their
// parent.
var directions = map[string][]string{
	".":         {"internal/cli", "internal/pid1"},
	"config":    {"internal/editdistance", "internal/mongouri", "internal/pattern", "registry"},
	"heartbeat": {"internal/boottime", "internal/exitcode", "internal/lastwill", "registry"},
	"internal/cli": {"config", "heartbeat", "internal/crontab", "internal/demo", "internal/editdistance", "internal/exitcode", "internal/instance", "internal/logging", "internal/openregistry", "internal/pattern", "internal/signals",
		"internal/terminal", "internal/wording", "jobs", "jobs/jobfile", "jobs/store", "jobs/view", "registry", "registry/finding", "status", "worker"},
	"internal/crontab": {"internal/pattern", "jobs", "jobs/jobfile"},
	"internal/demo":    {"config", "internal/logging", "internal/terminal", "registry", "registry/sqlite", "status"},
	"internal/instance": {"config", "heartbeat", "internal/boottime", "internal/logging", "internal/openregistry", "internal/signals", "jobs", "jobs/api", "jobs/attempt",
		"jobs/jobfile", "jobs/scheduler", "jobs/store", "jobs/webhook", "metrics", "registry", "status", "web", "worker"},
	"internal/lastwill":    {"registry"},
	"internal/logging":     {"config", "internal/signals", "internal/terminal", "registry", "status"},
	"internal/mongobell":   {"internal/mongoconn", "internal/mongofields", "registry"},
	"internal/mongoconn":   {"internal/mongouri", "internal/openlimit", "internal/pattern"},
	"internal/mongofields": {"registry"},
	"internal/mongotest":   {"internal/testkit", "registry/mongodb"},
	"internal/mongouri":    {"internal/pattern"},
	"internal/openregistry": {"config", "internal/logging", "internal/reopen", "jobs/store",
		"registry", "registry/finding", "registry/mongodb", "registry/sqlite"},
	"internal/pid1":           {"config", "internal/exitcode", "internal/guardname", "internal/procfs"},
	"internal/reopen":         {"jobs/store", "registry"},
	"internal/simulation":     {"internal/pattern"},
	"internal/sqlitefields":   {"registry"},
	"internal/sqlitefile":     {"internal/boottime", "internal/openlimit"},
	"internal/testkit":        {"config"},
	"jobs":                    {"internal/editdistance", "internal/wording", "jobs/schedule", "jobs/store"},
	"jobs/api":                {"config", "internal/secretfile", "jobs/store", "jobs/view", "registry", "status"},
	"jobs/attempt":            {"config", "internal/boottime", "internal/lastwill", "internal/pattern", "internal/wording", "jobs/store", "registry", "worker"},
	"jobs/jobfile":            {"internal/editdistance", "internal/pattern", "internal/wording", "jobs"},
	"jobs/public":             {"jobs/store", "jobs/view", "registry", "status"},
	"jobs/scheduler":          {"heartbeat", "internal/boottime", "internal/lastwill", "jobs", "jobs/store", "registry"},
	"jobs/store":              {"registry"},
	"jobs/store/mongostore":   {"internal/mongobell", "internal/mongoconn", "internal/mongofields", "jobs/store", "registry"},
	"jobs/store/sqlitestore":  {"internal/sqlitefields", "internal/sqlitefile", "jobs/store", "registry"},
	"jobs/store/storetest":    {"internal/suite", "jobs/store", "registry"},
	"jobs/view":               {"jobs/store", "registry", "status"},
	"jobs/webhook":            {"config", "internal/secretfile", "jobs/store", "jobs/view"},
	"metrics":                 {"jobs/store", "registry", "status"},
	"registry/finding":        {"registry"},
	"registry/internal/trial": {"registry"},
	"registry/mongodb": {"internal/mongobell", "internal/mongoconn", "internal/mongofields", "internal/mongouri",
		"jobs/store", "jobs/store/mongostore", "registry", "registry/finding", "registry/internal/trial"},
	"registry/registrytest": {"internal/suite", "registry"},
	"registry/sqlite": {"internal/openlimit", "internal/sqlitefields", "internal/sqlitefile", "jobs/store",
		"jobs/store/sqlitestore", "registry", "registry/finding", "registry/internal/trial"},
	"status":                {"internal/pattern", "registry"},
	"web":                   {"jobs/public", "jobs/store", "registry", "status"},
	"worker":                {"config", "internal/boottime", "internal/exitcode", "internal/lastwill", "internal/signals", "registry", "worker/internal/guard"},
	"worker/internal/guard": {"internal/boottime", "internal/exitcode", "internal/guardname", "internal/lastwill", "internal/procfs"},
}

// sources calls visit with the name of each file of the program that is no test.
func sources(t *testing.T, visit func(name string) error) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bench" || base == "checks") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return visit(name)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsKeepTheirDirections(t *testing.T) {
	seen := map[string]bool{}
	sources(t, func(name string) error {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := path.Dir(filepath.ToSlash(name))
		for _, spec := range f.Imports {
			to, _ := strconv.Unquote(spec.Path.Value)
			ours, ok := strings.CutPrefix(to, module+"/")
			if !ok {
				continue
			}
			seen[from] = true
			if !slices.Contains(directions[from], ours) {
				t.Errorf("%s imports %s; package %s may import %v (a new package is to be listed in directions)", name, ours, from, directions[from])
			}
		}
		return nil
	})
	for from := range directions {
		if !seen[from] {
			t.Errorf("package %s imports nothing of ours: is it still there?", from)
		}
	}
}

// Each start of the program would compile a pattern of a package, the starts of guards included.
func TestPatternsAreCompiledWhenTheyAreNeeded(t *testing.T) {
	compiled := regexp.MustCompile(`(?m)^(?:var |\t)\w+ *= regexp\.MustCompile`)
	sources(t, func(name string) error {
		text, err := os.ReadFile(name)
		if found := compiled.Find(text); found != nil {
			t.Errorf("%s: %s: use pattern.Lazy", name, strings.TrimSpace(string(found)))
		}
		return err
	})
}
