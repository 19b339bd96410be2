//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	goversion "go/version"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// instruction is an instruction of a Dockerfile. Its continuation lines are joined.
type instruction struct{ name, rest string }

func parseDockerfile(t *testing.T) (list []instruction) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(data), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		if name, rest, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
			list = append(list, instruction{strings.ToUpper(name), strings.TrimSpace(rest)})
		}
	}
	return list
}

func TestDockerfile_ShipsAStaticProgramInAnEmptyImage(t *testing.T) {
	t.Parallel()
	var stages [][]instruction
	for _, in := range parseDockerfile(t) {
		switch {
		case in.name == "FROM":
			stages = append(stages, []instruction{in})
		case len(stages) == 0:
			t.Fatalf("%s before FROM", in.name)
		default:
			stages[len(stages)-1] = append(stages[len(stages)-1], in)
		}
	}
	if len(stages) < 2 {
		t.Fatalf("%d stages, want one that builds and one that is shipped", len(stages))
	}

	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	needed := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(mod))
	image := regexp.MustCompile(`^(?:--platform=\$BUILDPLATFORM )?golang:([0-9.]+)\S* AS (\S+)$`).FindStringSubmatch(stages[0][0].rest)
	if image != nil && strings.Count(image[1], ".") == 1 {
		image[1] += ".99" // a tag without a patch number means the latest one
	}
	if needed == nil || image == nil || goversion.Compare("go"+image[1], "go"+needed[1]) < 0 {
		t.Errorf("built in %q, want golang of at least %q", stages[0][0].rest, needed)
	}
	static := false
	for _, in := range stages[0] {
		static = static || in.name == "RUN" && strings.Contains(in.rest, "CGO_ENABLED=0") && strings.Contains(in.rest, "-o /understudy ")
	}
	if !static {
		t.Error("nothing builds a static /understudy")
	}

	last := map[string][]string{}
	for _, in := range stages[len(stages)-1] {
		last[in.name] = append(last[in.name], in.rest)
	}
	if from := last["FROM"]; from[0] != "scratch" {
		t.Errorf("shipped from %s, want scratch", from)
	}
	if runs := last["RUN"]; runs != nil {
		t.Errorf("there is no shell for RUN %s", runs)
	}
	user, _, _ := strings.Cut(strings.Join(last["USER"], " and "), ":")
	if uid, err := strconv.Atoi(user); err != nil || uid <= 0 {
		t.Errorf("USER %s: want a number other than 0, which runAsNonRoot of Kubernetes needs", last["USER"])
	}
	var entry []string
	if err := json.Unmarshal([]byte(strings.Join(last["ENTRYPOINT"], "")), &entry); err != nil || len(entry) != 1 || entry[0] != "/understudy" {
		t.Errorf("ENTRYPOINT %s, want [\"/understudy\"]", last["ENTRYPOINT"])
	}
	for _, copied := range last["COPY"] {
		if image == nil || !strings.HasPrefix(copied, "--from="+image[2]+" ") {
			t.Errorf("COPY %s: not from the stage that builds", copied)
		}
	}
}

// image makes a directory that contains only the program and a directory for data.
func image(t *testing.T, p *program) (root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can change the root directory")
	}
	root, err := os.MkdirTemp(scratch, "")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		os.Chmod(scratch, 0o755), os.Chmod(root, 0o755),
		os.Link(p.path, filepath.Join(root, "understudy")),
		os.Mkdir(filepath.Join(root, "proc"), 0o755), os.Mkdir(filepath.Join(root, "dev"), 0o755),
		os.Mkdir(filepath.Join(root, "data"), 0o700), os.Chown(filepath.Join(root, "data"), nobody, nobody),
	)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestImage_ProgramRunsAloneInAnEmptyRoot(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	root := image(t, p)
	code, stdout, stderr := p.outcome(nil, []string{"--version"}, func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = "/understudy", "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	})
	if code != 0 || !strings.HasPrefix(stdout, "understudy ") || stderr != "" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// contained makes a command run the program as process 1 of a container.
func contained(t *testing.T, root string) func(*exec.Cmd) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = self, append([]string{self, root, "/understudy"}, cmd.Args[1:]...)
		cmd.Env = append(cmd.Env, testkit.EnvRole+"=container")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Unshareflags: unix.CLONE_NEWNS}
	}
}

// containable skips a test where no container can be made.
func containable(t *testing.T) {
	t.Helper()
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	if err := cmd.Run(); err != nil {
		t.Skipf("no namespaces can be made here: %v", err)
	}
}

func TestContainer_WithoutARegistryIs78(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	root := image(t, p)
	containable(t)
	for _, args := range [][]string{nil, {"run"}} {
		code, stdout, stderr := p.outcome([]string{"HOME=/data"}, args, contained(t, root))
		if code != exitConfig || stdout != "" {
			t.Errorf("exit code %d, stdout %q, want %d and nothing", code, stdout, exitConfig)
		}
		testkit.WantLine(t, stderr, "understudy: UNDERSTUDY_REGISTRY is not set", "container")
	}
}

// A container is recognized even if its first process is another program, as it is
// with --init of docker.
func TestContainer_OfAnotherFirstProcessWithoutARegistryIs78(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	containable(t)
	for _, args := range [][]string{{"--", "true"}, {"status"}, {"history"}, {"handover"}, {"check"}} {
		code, stdout, stderr := p.outcome([]string{"HOME=" + p.dir}, args, inNamespaces(`mount -t proc proc /proc && "$0" "$@"; exit $?`))
		if output := stdout + stderr; code != exitConfig || strings.Count(output, "\n") != 1 || !strings.Contains(output, "UNDERSTUDY_REGISTRY is not set, and this is a container (") {
			t.Errorf("%s: exit code %d, want %d; stdout %q, stderr %q", args, code, exitConfig, stdout, stderr)
		}
		if _, err := os.Stat(filepath.Join(p.dir, ".local")); err == nil {
			t.Fatalf("%s: it made a directory", args)
		}
	}
}

// The file system of a container consists of layers. What is written there is lost
// with the container, and what is written to a mounted volume is not.
func TestContainer_WarnsOfARegistryInItsOwnLayer(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	root := image(t, p)
	containable(t)
	const layers = `set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay none -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root" || exit 99
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/data"
`
	dir := t.TempDir()
	for path, warned := range map[string]bool{"/registry.db": true, "/data/registry.db": false} {
		code, stdout, stderr := p.outcome([]string{"UNDERSTUDY_REGISTRY=sqlite:" + path}, nil, inNamespaces(layers+`exec chroot "$1/root" /understudy status`, dir, root))
		if code == 99 {
			t.Skipf("no layers can be mounted here: %s", stderr)
		}
		if code != exitFailure || strings.Contains(stderr, "it is lost with the container") != warned {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, want a warning: %v", path, code, stdout, stderr, warned)
		}
	}

	// The demo deletes its registry itself, so it needs no warning.
	_, stdout, stderr := p.outcome([]string{"TMPDIR=/"}, nil, inNamespaces(layers+`chroot "$1/root" /understudy demo | sed "/tick 1 of term 1/q"`, dir, root))
	if !strings.Contains(stdout, "tick 1 of term 1") || strings.Contains(stdout+stderr, "lost with the container") {
		t.Errorf("demo: stdout %q, stderr %q", stdout, stderr)
	}
}

// inNamespaces makes a command run a script of the shell as the first process of a
// container. $0 is the program; the arguments given come before the program's own.
func inNamespaces(script string, args ...string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Args = append(append([]string{"sh", "-c", script, cmd.Path}, args...), cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Unshareflags: unix.CLONE_NEWNS}
	}
}

func TestContainer_StopsInOrder(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	root := image(t, p)
	containable(t)
	a := p.start("a", []string{"UNDERSTUDY_REGISTRY=sqlite:/data/registry.db"}, nil, contained(t, root))
	a.await("tick 1 of term 1")
	a.signal(unix.SIGTERM)
	if code := a.exit(); code != 0 || !a.logged("told to stop: done with the ticks") {
		t.Errorf("exit code %d:\n%s", code, a.read(a.log))
	}
	path := filepath.Join(root, "data", "registry.db")
	terms, instances := place{uri: "sqlite:" + path, path: path}.state(t, "default")
	if len(terms) != 1 || terms[0].Open() || len(instances) != 0 {
		t.Errorf("it left terms %v and instances %v", terms, instances)
	}
}

func TestContainer_HasTheCommandsExitCode(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	root := image(t, p)
	containable(t)
	// The command is the program once more, because the image has no other.
	code, _, stderr := p.outcome([]string{"UNDERSTUDY_REGISTRY=sqlite:/data/registry.db", "UNDERSTUDY_RESTART=never"},
		[]string{"--", "/understudy", "--nope"}, contained(t, root))
	if code != exitUsage || !strings.Contains(stderr, "unknown flag: --nope") {
		t.Errorf("exit code %d, want %d:\n%s", code, exitUsage, stderr)
	}
}

// The init of the container waits for the guard, which ends the term.
func TestContainer_KilledProgramHasALastWill(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	root := image(t, p)
	containable(t)
	a := p.start("a", []string{"UNDERSTUDY_REGISTRY=sqlite:/data/registry.db"}, nil, contained(t, root))
	a.await("tick 1 of term 1")
	for _, program := range childrenOf(a.cmd.Process.Pid) {
		if err := unix.Kill(program, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if code := a.exit(); code != exitSignal+int(unix.SIGKILL) {
		t.Errorf("exit code %d, want that of SIGKILL:\n%s", code, a.read(a.log))
	}
	path := filepath.Join(root, "data", "registry.db")
	terms, instances := place{uri: "sqlite:" + path, path: path}.state(t, "default")
	if len(terms) != 1 || terms[0].End.Reason != registry.Crashed || len(instances) != 0 {
		t.Errorf("it left terms %v and instances %v", terms, instances)
	}
}

func childrenOf(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}
