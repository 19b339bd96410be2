//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
)

// TestREADME_CommandsWork runs the commands of the README as they are written
// there, except for the address of the registry. The first two commands take long and
// are run by .ci/run.
func TestREADME_CommandsWork(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	ci, err := os.ReadFile(filepath.Join(repository, ".ci/run"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		plain := regexp.MustCompile(`(?m) +# .*$`).ReplaceAllString(block[1], "")
		commands = append(commands, strings.Split(strings.TrimSpace(plain), "\n")...)
	}
	if len(commands) < 9 {
		t.Fatalf("README.md has the commands %q: has its form changed?", commands)
	}
	for i, command := range commands {
		t.Run(command, func(t *testing.T) {
			if i < 2 {
				if !regexp.MustCompile(`(?m)^(time )?` + regexp.QuoteMeta(command) + `$`).Match(ci) {
					t.Error("not in .ci/run")
				}
				return
			}
			t.Parallel()
			p := newProgram(t)
			line := strings.Replace(command, "go run .", "exec "+p.path, 1)
			if strings.Contains(line, "mongodb://") {
				line = regexp.MustCompile(`'mongodb://[^']*'`).ReplaceAllString(line, "'"+mongotest.Shared(t)+"'")
			}
			if line == command {
				t.Fatal("this is no command of Understudy")
			}
			env := []string{"XDG_STATE_HOME=" + t.TempDir()} // the default registry is below it
			if !testkit.HasDefaultRegistry(t) {
				dir, err := os.MkdirTemp(scratch, "") // the name from t.TempDir may contain a $
				if err != nil {
					t.Fatal(err)
				}
				env = append(env, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(dir, "registry.db"))
			}
			member := line
			operates := regexp.MustCompile(`^go run \. (status|history|handover|check)\b`).MatchString(command)
			if operates {
				member = "exec " + p.path
			}
			first := p.start("first", env, nil, shell(member))
			first.await("active in term 1")
			second := p.start("second", env, nil, shell(member))
			second.await("standing by for")
			if operates {
				if code, stdout, stderr := p.outcome(env, nil, shell(line)); code != 0 || stdout == "" {
					t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
				}
			}
			if strings.Contains(command, " handover ") {
				first.await("asked to hand over")
				first, second = second, first
			}
			before := second.logs("active in term")
			first.signal(syscall.SIGINT)
			testkit.Until(t, "the second to be active after the first", func() bool { return second.logs("active in term") > before })
			second.signal(syscall.SIGINT)
			for _, ps := range []*process{first, second} {
				if code := ps.exit(); code != 0 {
					t.Errorf("%s: exit code %d\n%s", ps.name, code, ps.read(ps.log))
				}
			}
		})
	}
}

// shell makes a command run a line of the shell.
func shell(line string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line} }
}
