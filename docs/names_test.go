package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guides are the documents that name tests, commands and folders.
var guides = []string{"README.md", "CONTRIBUTING.md", "docs/guarantees.md", "docs/operations.md", "docs/library.md"}

// TestDocuments_NameTestsThatExist looks for the tests and benchmarks that
// commands in the documents run, in the packages that these commands name.
func TestDocuments_NameTestsThatExist(t *testing.T) {
	names := 0
	for _, document := range guides {
		text := read(t, document)
		for _, command := range regexp.MustCompile(`go test [^`+"`\n"+`]+`).FindAllString(text, -1) {
			for _, name := range regexp.MustCompile(`'\^([A-Z]\w+)\$'`).FindAllStringSubmatch(command, -1) {
				names++
				dir := regexp.MustCompile(` \./(\S+)`).FindStringSubmatch(command)
				if dir == nil {
					t.Errorf("%s: %s names no package", document, command)
					continue
				}
				files, err := filepath.Glob(filepath.Join(root, dir[1], "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				found := false
				for _, file := range files {
					source, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					found = found || strings.Contains(string(source), "\nfunc "+name[1]+"(")
				}
				if !found {
					t.Errorf("%s: %s: there is no %s in %s", document, command, name[1], dir[1])
				}
			}
		}
	}
	if names < 4 {
		t.Errorf("only %d names found: has the form of the commands changed?", names)
	}
}

// TestDocuments_NameCommandsOfTheMakefile looks for each "make NAME" in the
// documents.
func TestDocuments_NameCommandsOfTheMakefile(t *testing.T) {
	makefile, names := read(t, "Makefile"), 0
	for _, document := range append(guides, "docs/three-machines.md", ".github/pull_request_template.md") {
		for _, name := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(read(t, document), -1) {
			names++
			if !regexp.MustCompile(`(?m)^` + name[1] + `:`).MatchString(makefile) {
				t.Errorf("%s: there is no make %s", document, name[1])
			}
		}
	}
	if names < 10 {
		t.Errorf("only %d commands found: has their form changed?", names)
	}
}

// TestContributing_NamesAMutantThatExists looks for the mutant of the example.
func TestContributing_NamesAMutantThatExists(t *testing.T) {
	mutant := regexp.MustCompile(`MUTANT='([^']+)'`).FindStringSubmatch(read(t, "CONTRIBUTING.md"))
	if mutant == nil {
		t.Fatal("CONTRIBUTING.md has no example of a mutant")
	}
	if table := read(t, "heartbeat/mutant_table_test.go"); !strings.Contains(table, `Name: "`+mutant[1]) {
		t.Errorf("there is no mutant %q", mutant[1])
	}
}

// TestREADME_LayoutIsThatOfTheTree looks for the files and folders of the
// README's section Layout, and for the folders that it does not have.
func TestREADME_LayoutIsThatOfTheTree(t *testing.T) {
	_, layout, _ := strings.Cut(read(t, "README.md"), "\n## Layout\n")
	_, layout, _ = strings.Cut(layout, "```text\n")
	layout, _, ok := strings.Cut(layout, "```")
	if !ok {
		t.Fatal("README.md has no layout")
	}
	listed, parent := map[string]bool{}, ""
	for line := range strings.Lines(layout) {
		indented := strings.HasPrefix(line, " ")
		for _, name := range strings.Fields(strings.SplitN(strings.TrimSpace(line), "  ", 2)[0]) {
			if strings.Contains(name, "…") {
				continue
			}
			if indented {
				name = filepath.Join(parent, name)
			} else {
				parent = name
			}
			listed[filepath.Clean(name)] = true
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("the layout has %s: %v", name, err)
			}
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() && !strings.HasPrefix(name, ".") && name != "internal" && !listed[name] {
			t.Errorf("the layout does not have %s", name)
		}
	}
}
