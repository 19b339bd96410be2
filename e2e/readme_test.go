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

// TestREADMECommands runs the README's commands as they stand there, but for
// the first two, which are CI's, and the address of the registry.
func TestREADMECommands(t *testing.T) {
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
				t.Fatal("not a command of ours")
			}
			env := []string{"XDG_STATE_HOME=" + t.TempDir()} // where the default registry goes
			if !testkit.HasDefaultRegistry(t) {
				dir, err := os.MkdirTemp(scratch, "") // t.TempDir may have a $ in it
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

// shell makes a process of a line for the shell.
func shell(line string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line} }
}
