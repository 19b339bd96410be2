// Package image checks that an image can be built from what .dockerignore leaves,
// and that a release has the same program in its archives.
package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/understudy-go/understudy/checks/part"
)

func TestMain(m *testing.M) { os.Exit(part.Main(m)) }

func ignored(t *testing.T) *patternmatcher.PatternMatcher {
	t.Helper()
	patterns, err := ignorefile.ReadAll(bytes.NewReader(part.File(t, ".dockerignore")))
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return matcher
}

// sources are the files of this module that the program is built from, named
// from its directory.
func sources(t *testing.T) (list []string) {
	t.Helper()
	root, err := part.Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,Module,GoFiles,SFiles,EmbedFiles", ".")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir                         string
			Module                      *struct{ Main bool }
			GoFiles, SFiles, EmbedFiles []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, files := range [][]string{p.GoFiles, p.SFiles, p.EmbedFiles} {
			for _, name := range files {
				rel, err := filepath.Rel(root, filepath.Join(p.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, rel)
			}
		}
	}
}

func TestDockerignore_KeepsWhatTheBuildNeeds(t *testing.T) {
	needed := sources(t)
	if len(needed) < 50 {
		t.Fatalf("only %d files: %v", len(needed), needed)
	}
	for _, line := range regexp.MustCompile(`(?m)^COPY ([^-.].*) \S+$`).FindAllSubmatch(part.File(t, "Dockerfile"), -1) {
		needed = append(needed, strings.Fields(string(line[1]))...)
	}
	matcher := ignored(t)
	for _, name := range needed {
		part.File(t, name)
		if yes, err := matcher.MatchesOrParentMatches(name); yes || err != nil {
			t.Errorf("%s is ignored (error %v)", name, err)
		}
	}
}

func TestDockerignore_LeavesOutWhatTheBuildDoesNotNeed(t *testing.T) {
	matcher := ignored(t)
	for _, name := range []string{".git/config", ".github/workflows/ci.yaml", ".ci/run", ".golangci.yml", ".goreleaser.yaml", ".editorconfig", ".gitattributes", "Makefile", "CONTRIBUTING.md", "checks/go.mod", "deploy/compose.yaml", "docs/library.md", "imports_test.go", "heartbeat/sim_test.go", "understudy"} {
		if yes, err := matcher.MatchesOrParentMatches(name); !yes || err != nil {
			t.Errorf("%s is not ignored (error %v): each change of it would build the image again", name, err)
		}
	}
}
