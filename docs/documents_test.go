// Package docs_test compares the documents with the code.
package docs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/cli"
	"github.com/understudy-go/understudy/registry"
)

var update = flag.Bool("update", false, "write the parts of the documents that are made from the code")

// TestMain changes to the root of the repository, from where the documents are
// named.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestDocumentsAreMadeFromTheCode holds the parts of the documents that repeat
// the code: go test -run Documents -update ./docs brings them up to date.
func TestDocumentsAreMadeFromTheCode(t *testing.T) {
	for _, part := range []struct{ file, name, want string }{
		{"README.md", "library", "```go\n" + exampleBody(t) + "```\n"},
		{"docs/library.md", "library", "```go\n" + exampleBody(t) + "```\n"},
		{"docs/configuration.md", "configuration", config.Table()},
	} {
		old, err := os.ReadFile(part.file)
		if err != nil {
			t.Fatal(err)
		}
		begin, end := "<!-- begin "+part.name+" -->\n", "<!-- end "+part.name+" -->"
		head, rest, ok := strings.Cut(string(old), begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no part %q", part.file, part.name)
		}
		text := head + begin + part.want + end + tail
		switch {
		case text == string(old):
		case !*update:
			t.Errorf("%s is out of date: go test -run Documents -update ./docs", part.file)
		default:
			if err := os.WriteFile(part.file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestExitCodesOfTheHelpAreInTheDocuments follows the list in the help.
func TestExitCodesOfTheHelpAreInTheDocuments(t *testing.T) {
	text, err := os.ReadFile("docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Exit codes\n")
	var help, stderr bytes.Buffer
	if code := cli.Main(t.Context(), []string{"--help"}, &help, &stderr); code != 0 {
		t.Fatalf("--help: exit code %d, %s", code, stderr.String())
	}
	_, list, _ := strings.Cut(help.String(), "Exit codes:\n")
	codes := strings.Split(strings.TrimSpace(list), "\n")
	if len(codes) < 10 {
		t.Errorf("the help lists %q: has its form changed?", codes)
	}
	for _, line := range codes {
		code := strings.Fields(line)[0]
		if !regexp.MustCompile(`(?m)^\|[^|]*\b` + code + `\b[^|]*\|`).MatchString(table) {
			t.Errorf("docs/configuration.md does not have the exit code %s", code)
		}
	}
}

// exampleBody is the code of the library's runnable example.
func exampleBody(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("heartbeat/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(src), "func Example() {\n")
	body, _, ok := strings.Cut(body, "\t// Output")
	if !ok {
		t.Fatal("heartbeat/example_test.go has no example with an output")
	}
	if n := strings.Count(body, "\n"); n >= 20 {
		t.Errorf("the example takes %d lines", n)
	}
	return regexp.MustCompile(`(?m)^\t`).ReplaceAllString(body, "")
}

// TestTimingsOfTheDocumentsAreAccepted checks each row of the table of timings.
func TestTimingsOfTheDocumentsAreAccepted(t *testing.T) {
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "| T | I | G | outage that the work survives | nobody after a crash, about | |\n|---|---|---|---|---|---|\n"
	_, table, ok := strings.Cut(string(text), head)
	if !ok {
		t.Fatalf("docs/operations.md has no table with the head\n%s", head)
	}
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 7 {
			break
		}
		rows++
		var values [5]time.Duration // T, I, G, the outage, and nobody
		for i := range values {
			if values[i], err = time.ParseDuration(strings.TrimSpace(cells[i+1])); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
		timing := registry.Timing{OrphanAfter: values[0], Interval: values[1], StopGrace: values[2]}
		if err := timing.Check(); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if outage := timing.Lease() - timing.StopGrace; values[3] != outage || values[4] != timing.OrphanAfter {
			t.Errorf("%swant an outage of %v, and nobody for %v", line, outage, timing.OrphanAfter)
		}
	}
	if rows < 5 {
		t.Errorf("%d rows: has the table's form changed?", rows)
	}
}

// TestLinksOfTheDocumentsLeadSomewhere follows the links to files of ours and to
// their headings.
func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, file := range append(files, "README.md", "CHANGELOG.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(string(text), -1) {
			to, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			links++
			to = filepath.Join(filepath.Dir(file), to)
			if link[1][0] == '#' {
				to = file
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", file, link[1], err)
			} else if anchor != "" && !slices.Contains(anchors(t, to), anchor) {
				t.Errorf("%s links to %s: it has no such heading", file, link[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links found: has their form changed?", links)
	}
}

// anchors are what the headings of a Markdown file are linked by.
func anchors(t *testing.T, file string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		plain := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		list = append(list, strings.ReplaceAll(plain, " ", "-"))
	}
	return list
}
