//go:build linux

package e2e

import (
	"fmt"
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
	// The section about jobs is one walkthrough, which has a test of its own.
	before, section := readmeJobs(t, string(text))
	_, after, _ := strings.Cut(string(text), section)
	commands := shellLines(before + after)
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

// TestREADME_JobsCanBeFollowed does what the section about jobs says: it makes the jobs
// file, starts both instances, and runs the other commands in their order.
func TestREADME_JobsCanBeFollowed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"curl", "openssl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("this machine has no %s: %v", name, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section := readmeJobs(t, string(text))
	file := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(section)
	if file == nil {
		t.Fatal("the section has no jobs file")
	}
	p := newProgram(t)
	dir, err := os.MkdirTemp(scratch, "") // the name from t.TempDir may contain a $
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "jobs.yaml"), []byte(file[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"UNDERSTUDY_REGISTRY=sqlite:" + filepath.Join(dir, "registry.db")}
	in := func(line string) func(*exec.Cmd) {
		return func(cmd *exec.Cmd) {
			shell(line)(cmd)
			cmd.Dir = dir
		}
	}
	const address = "127.0.0.1:8080"
	served := address
	var members []*process
	outputs := map[string]string{}
	for _, command := range shellLines(section) {
		line := strings.ReplaceAll(command, "go run .", p.path)
		if strings.Contains(command, " run --jobs ") {
			line = strings.Replace(strings.Replace(line, address, "127.0.0.1:0", 1), p.path, "exec "+p.path, 1)
			if !strings.HasPrefix(line, "exec") { // variables stand before the program
				line = "export " + strings.Replace(line, " exec ", "; exec ", 1)
			}
			m := p.start(fmt.Sprintf("instance %d", len(members)+1), env, nil, in(line))
			if members = append(members, m); len(members) > 1 {
				m.await("standing by for")
				continue
			}
			m.await("active in term 1")
			served = regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(m.read(m.log))
			continue
		}
		line = strings.ReplaceAll(strings.Replace(line, "curl ", "curl -sS --fail ", 1), address, served)
		var code int
		var stderr string
		run := func() bool {
			code, outputs[command], stderr = p.outcome(env, nil, in(line))
			return code == 0 && outputs[command] != "" || strings.HasPrefix(line, "(umask ")
		}
		// Whoever follows the README is slower than this test. A moment after its start the
		// active instance may not have stored its jobs, and the run may not have printed.
		if curl, output := strings.HasPrefix(line, "curl "), strings.HasSuffix(line, " --output"); curl || output {
			testkit.Until(t, command, run)
		} else if !run() {
			t.Fatalf("%s: exit code %d\n%s%s", command, code, outputs[command], stderr)
		}
	}
	if len(members) != 2 || len(outputs) < 5 {
		t.Fatalf("%d instances and the outputs %q: has the form of the section changed?", len(members), outputs)
	}
	for command, stdout := range outputs {
		want := map[string]string{"curl": `"id":"report/k:first"`, "--output": "a report, asked for by trigger, in term 1\n",
			"--follow": "a report, asked for by trigger, in term 1\n", "runs report": "report/k:first", ". jobs": "@hourly; @every 10s"}
		for part, text := range want {
			if strings.Contains(command, part) && !strings.Contains(stdout, text) {
				t.Errorf("%s prints\n%s\nwant %q in it", command, stdout, text)
			}
		}
	}
	members[0].signal(syscall.SIGINT)
	members[1].await("active in term 2")
	testkit.Until(t, "the other instance to run the job", func() bool {
		_, stdout, _ := p.outcome(env, []string{"runs", "report"})
		return strings.Contains(stdout, " schedule ") && members[1].logged("the run has ended: completed")
	})
	members[1].signal(syscall.SIGINT)
	for _, m := range members {
		if code := m.exit(); code != 0 {
			t.Errorf("%s: exit code %d\n%s", m.name, code, m.read(m.log))
		}
	}
}

// readmeJobs returns the section of the README about jobs, and what is before it.
func readmeJobs(t *testing.T, text string) (before, section string) {
	t.Helper()
	const heading = "\n## Run jobs\n"
	before, section, _ = strings.Cut(text, heading)
	section, _, ok := strings.Cut(section, "\n## ")
	if !ok {
		t.Fatal("README.md has no section about jobs")
	}
	return before, section
}

// shellLines returns the commands in a text, without their comments.
func shellLines(text string) (commands []string) {
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		plain := regexp.MustCompile(`(?m) +# .*$`).ReplaceAllString(block[1], "")
		commands = append(commands, strings.Split(strings.TrimSpace(plain), "\n")...)
	}
	return commands
}

// shell makes a command run a line of the shell.
func shell(line string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line} }
}
