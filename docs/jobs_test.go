package docs

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/internal/cli"
	"github.com/understudy-go/understudy/internal/testkit"
)

// TestJobs_ExamplesAreWhatTheProgramPrints runs the commands of docs/jobs.md on its jobs
// file.
func TestJobs_ExamplesAreWhatTheProgramPrints(t *testing.T) {
	testkit.CleanEnv(t)
	text := read(t, "docs/jobs.md")
	file := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(text)
	if file == nil {
		t.Fatal("docs/jobs.md has no jobs file")
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("jobs.yaml", []byte(file[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := regexp.MustCompile("(?s)```console\n\\$ understudy ([^\n]*)\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(runs) == 0 {
		t.Fatal("docs/jobs.md runs no command")
	}
	for _, run := range runs {
		var stdout, stderr bytes.Buffer
		if code := cli.Main(context.Background(), strings.Fields(run[1]), &stdout, &stderr); code != 0 || stdout.String() != run[2] {
			t.Errorf("understudy %s: exit code %d\n%s%s\nwant\n%s", run[1], code, &stdout, &stderr, run[2])
		}
	}

	// The problem that the document shows is what one makes of the file by a small mistake.
	wrong := strings.Replace(file[1], "timeout: 20m", "timeout: 20", 1)
	if err := os.WriteFile("jobs.yaml", []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := cli.Main(context.Background(), []string{"jobs", "check", "jobs.yaml"}, &stdout, &stderr)
	if shown, _ := strings.CutPrefix(stderr.String(), "understudy: "); code != 78 || !strings.Contains(text, "```text\n"+shown+"```") {
		t.Errorf("exit code %d\n%s", code, &stderr)
	}
}
