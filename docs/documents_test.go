// Package docs holds the tests of the documents: their tables, their links and
// the parts of them that are made from the code.
package docs

import (
	"bytes"
	"context"
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
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/registry"
)

var update = flag.Bool("update", false, "write the parts of the documents that are made from the code")

// root is the directory of the module, seen from this one.
const root = ".."

// read returns the text of a file that is named from the module's directory.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocuments_RepeatTheCode compares the parts of the documents that repeat
// the code with the code. "make documents" brings them up to date.
func TestDocuments_RepeatTheCode(t *testing.T) {
	for _, part := range []struct{ file, name, want string }{
		{"README.md", "library", "```go\n" + exampleBody(t, "heartbeat", 20) + "```\n"},
		{"README.md", "side by side", sideBySide(t)},
		{"docs/library.md", "library", "```go\n" + exampleBody(t, "heartbeat", 20) + "```\n"},
		{"docs/library.md", "jobs", "```go\n" + exampleBody(t, "jobs/scheduler", 30) + "```\n"},
		{"docs/configuration.md", "configuration", config.Table()},
		{"docs/jobs.md", "keys", jobfile.Table()},
	} {
		old := read(t, part.file)
		begin, end := "<!-- begin "+part.name+" -->\n", "<!-- end "+part.name+" -->"
		head, rest, ok := strings.Cut(old, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no part %q", part.file, part.name)
		}
		text := head + begin + part.want + end + tail
		switch {
		case text == old:
		case !*update:
			t.Errorf("%s is out of date: run make documents", part.file)
		default:
			if err := os.WriteFile(filepath.Join(root, part.file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestDocuments_HaveTheExitCodesOfTheHelp looks for each exit code of the help
// in the table of docs/configuration.md.
func TestDocuments_HaveTheExitCodesOfTheHelp(t *testing.T) {
	var help, stderr bytes.Buffer
	if code := cli.Main(context.Background(), []string{"--help"}, &help, &stderr); code != 0 {
		t.Fatalf("understudy --help: exit code %d\n%s", code, &stderr)
	}
	_, table, _ := strings.Cut(read(t, "docs/configuration.md"), "\n## Exit codes\n")
	_, list, _ := strings.Cut(help.String(), "Exit codes:\n")
	codes := strings.Split(strings.TrimRight(list, "\n"), "\n")
	if len(codes) < 10 {
		t.Errorf("the help lists %q: has its form changed?", codes)
	}
	for _, line := range codes {
		code, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if code == "" || !regexp.MustCompile(`(?m)^\|[^|]*\b`+code+`\b[^|]*\|`).MatchString(table) {
			t.Errorf("docs/configuration.md does not have the exit code of the line %q", line)
		}
	}
}

// exampleBody returns the code of a package's runnable example, which has fewer lines than
// that.
func exampleBody(t *testing.T, dir string, lines int) string {
	t.Helper()
	_, body, _ := strings.Cut(read(t, dir+"/example_test.go"), "func Example() {\n")
	body, _, ok := strings.Cut(body, "\t// Output")
	if !ok {
		t.Fatalf("%s/example_test.go has no example with an output", dir)
	}
	if n := strings.Count(body, "\n"); n >= lines {
		t.Errorf("the example of %s takes %d lines", dir, n)
	}
	return regexp.MustCompile(`(?m)^\t`).ReplaceAllString(body, "")
}

// TestDocuments_TimingsAreAccepted checks each row of the table of timings.
func TestDocuments_TimingsAreAccepted(t *testing.T) {
	const head = "| T | I | G | outage that the work survives | nobody after a machine died, about | |\n|---|---|---|---|---|---|\n"
	_, table, ok := strings.Cut(read(t, "docs/operations.md"), head)
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
		var values [5]time.Duration // T, I, G, the outage, and the time in which nobody works
		for i := range values {
			var err error
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

// TestDocuments_CommandsNameTestsThatExist looks for the tests and benchmarks that the
// go test commands of documents, of the Makefile and of .ci/run select by name.
func TestDocuments_CommandsNameTestsThatExist(t *testing.T) {
	commands := regexp.MustCompile(`go test [^\n` + "`" + `]*`)
	selected := regexp.MustCompile(`\^((?:Test|Benchmark|Example)\w*)\$`)
	folder := regexp.MustCompile(` \./([\w/]+)`)
	found := 0
	for _, file := range append(documents(t), "Makefile", ".ci/run") {
		for _, command := range commands.FindAllString(read(t, file), -1) {
			for _, name := range selected.FindAllStringSubmatch(command, -1) {
				found++
				in := folder.FindStringSubmatch(command)
				if in == nil {
					t.Errorf("%s: %s: it names no package", file, command)
					continue
				}
				tests, err := filepath.Glob(filepath.Join(root, in[1], "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(tests, func(path string) bool {
					text, err := os.ReadFile(path)
					return err == nil && bytes.Contains(text, []byte("\nfunc "+name[1]+"("))
				}) {
					t.Errorf("%s: %s: package %s has no %s", file, command, in[1], name[1])
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d names found: has their form changed?", found)
	}
}

// documents lists the Markdown files of this repository.
func documents(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", ".github/*.md", ".github/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, filepath.ToSlash(name))
		}
	}
	for _, name := range []string{"README.md", "CHANGELOG.md", "docs/operations.md"} {
		if !slices.Contains(files, name) {
			t.Errorf("%s is not among the documents %v", name, files)
		}
	}
	return files
}

// codeBlock matches the fenced code of a Markdown file, which has no links.
var codeBlock = regexp.MustCompile("(?ms)^```.*?^```$")

// TestDocuments_LinksLeadSomewhere follows the links to files of this
// repository and to their headings.
func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	links := 0
	for _, file := range documents(t) {
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(codeBlock.ReplaceAllString(read(t, file), ""), -1) {
			to, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(to, "://") {
				continue
			}
			links++
			to = filepath.Join(filepath.Dir(file), to)
			if link[1][0] == '#' {
				to = file
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
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

// anchors returns the names by which links lead to the headings of a Markdown
// file.
func anchors(t *testing.T, file string) (list []string) {
	t.Helper()
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(read(t, file), -1) {
		plain := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		list = append(list, strings.ReplaceAll(plain, " ", "-"))
	}
	return list
}
