package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/understudy-go/understudy/checks/part"
)

// goreleaser is what .goreleaser.yaml says of the program.
type goreleaser struct {
	Builds []struct {
		Main, Binary, Ldflags    string
		Env, Flags, Goos, Goarch []string
	}
}

func archives(t *testing.T) (c goreleaser) {
	t.Helper()
	if err := yaml.Unmarshal(part.File(t, ".goreleaser.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 {
		t.Fatalf("%d programs are released, want one: %+v", len(c.Builds), c.Builds)
	}
	return c
}

// dockerBuild returns the flags with which the Dockerfile builds the program.
func dockerBuild(t *testing.T) (flags []string, ldflags string) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^RUN CGO_ENABLED=0 GOOS=\$TARGETOS GOARCH=\$TARGETARCH go build (.*) -ldflags="(.*)" -o /understudy \.$`).
		FindStringSubmatch(string(part.File(t, "Dockerfile")))
	if line == nil {
		t.Fatal("the Dockerfile has no such line that builds: has its form changed?")
	}
	return strings.Fields(line[1]), line[2]
}

func TestRelease_ArchivesHaveTheProgramOfTheImage(t *testing.T) {
	build := archives(t).Builds[0]
	flags, ldflags := dockerBuild(t)
	// What the image is built from has no history, so it needs no flag to leave that out.
	if want := append(flags, "-buildvcs=false"); !slices.Equal(build.Flags, want) {
		t.Errorf("flags %q, want %q as in the Dockerfile", build.Flags, want)
	}
	if want := strings.ReplaceAll(ldflags, "$VERSION", "{{ .Tag }}"); build.Ldflags != want {
		t.Errorf("ldflags %q, want %q as in the Dockerfile", build.Ldflags, want)
	}
	if !slices.Equal(build.Env, []string{"CGO_ENABLED=0"}) || build.Main != "." || build.Binary != "understudy" {
		t.Errorf("builds %s as %s with %q, want a static understudy from the module's directory", build.Main, build.Binary, build.Env)
	}
}

func TestRelease_IsForThePlatformsThatAreBuiltForEachChange(t *testing.T) {
	build := archives(t).Builds[0]
	var released []string
	for _, system := range build.Goos {
		for _, arch := range build.Goarch {
			released = append(released, system+"/"+arch)
		}
	}
	line := regexp.MustCompile(`(?m)^PLATFORMS := (.*)$`).FindSubmatch(part.File(t, "Makefile"))
	if line == nil {
		t.Fatal("the Makefile has no list of platforms: has its form changed?")
	}
	if built := strings.Fields(string(line[1])); !slices.Equal(slices.Sorted(slices.Values(built)), slices.Sorted(slices.Values(released))) {
		t.Errorf("released for %q, built for %q", released, built)
	}
	workflow := string(part.File(t, ".github/workflows/release.yaml"))
	for _, found := range regexp.MustCompile(`--platform (\S+)`).FindAllStringSubmatch(workflow, -1) {
		for platform := range strings.SplitSeq(found[1], ",") {
			if !slices.Contains(released, platform) {
				t.Errorf("the image is for %s, for which there is no archive", platform)
			}
		}
	}
}

func TestRelease_NameIsInTheProgram(t *testing.T) {
	root, err := part.Root()
	if err != nil {
		t.Fatal(err)
	}
	_, ldflags := dockerBuild(t)
	program := filepath.Join(t.TempDir(), "understudy.exe")
	cmd := exec.Command("go", "build", "-ldflags="+strings.ReplaceAll(ldflags, "$VERSION", "v12.34.56"), "-o", program, ".")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program, "--version").CombinedOutput()
	if err != nil || string(out) != "understudy v12.34.56\n" {
		t.Errorf("--version says %q (error %v), want v12.34.56: is the variable that -X names still there?", out, err)
	}
}

// TestWorkflows_NameCommitsAndTheirRights looks at the actions that run with the
// rights of this repository.
func TestWorkflows_NameCommitsAndTheirRights(t *testing.T) {
	root, err := part.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("workflows %q, error %v", files, err)
	}
	uses := 0
	for _, file := range files {
		text := string(part.File(t, ".github/workflows/"+filepath.Base(file)))
		if !regexp.MustCompile(`(?m)^permissions:`).MatchString(text) {
			t.Errorf("%s takes the rights that the repository gives by default", file)
		}
		for _, found := range regexp.MustCompile(`(?m)uses: (.*)$`).FindAllStringSubmatch(text, -1) {
			uses++
			if !regexp.MustCompile(`^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`).MatchString(found[1]) {
				t.Errorf("%s uses %s, want a full commit and its version, since a tag can be moved", file, found[1])
			}
		}
	}
	if uses == 0 {
		t.Error("no action is used: has the form of the workflows changed?")
	}
}
