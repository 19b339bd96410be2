//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
)

func TestCommand_OutputPassesThroughAndInputIsEmpty(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.dir, "stdin")
	env := []string{"UNDERSTUDY_REGISTRY=" + onSQLite(t).uri, "UNDERSTUDY_RESTART=never", testkit.EnvRole + "=payload"}
	code, stdout, stderr := p.outcome(env, []string{"--", self, file}, func(cmd *exec.Cmd) {
		cmd.Stdin = strings.NewReader("this is for Understudy")
	})
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	if stdout != string(payloadBytes(1)) {
		t.Errorf("stdout has %d bytes, which are not those of the command", len(stdout))
	}
	if !strings.Contains(stderr, string(payloadBytes(2))) {
		t.Error("stderr has not the bytes of the command")
	}
	if got, err := os.ReadFile(file); string(got) != "0 bytes" {
		t.Errorf("the command's stdin had %s, %v; want nothing", got, err)
	}
}

func TestCommand_GetsItsEnvironment(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	path := onSQLite(t).path
	secret := filepath.Join(p.dir, "secret")
	if err := os.WriteFile(secret, []byte("sqlite:"+path+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := []string{"FRUIT=apple=pear", "EMPTY=", "BYTES=\xff\n\x01", "UNDERSTUDY_HOST=here"}
	env := append(slices.Clone(kept), "UNDERSTUDY_REGISTRY_FILE="+secret, "UNDERSTUDY_RESTART=never", "UNDERSTUDY_GROUP=eu/billing:v2",
		"GOGC=50", "NOTIFY_SOCKET=/run/none", "UNDERSTUDY_TERM=99", "UNDERSTUDY_INSTANCE=outer")
	code, stdout, stderr := p.outcome(env, []string{"--", "env", "-0"})
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	got := strings.Split(strings.TrimSuffix(stdout, "\x00"), "\x00")
	find := func(name string) (values []string) {
		for _, entry := range got {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				values = append(values, value)
			}
		}
		return values
	}
	for _, entry := range append(kept, "UNDERSTUDY_GROUP=eu/billing:v2", "UNDERSTUDY_TERM=1") {
		name, value, _ := strings.Cut(entry, "=")
		if values := find(name); len(values) != 1 || values[0] != value {
			t.Errorf("%s is %q, want %q once", name, values, value)
		}
	}
	if id := find("UNDERSTUDY_INSTANCE"); len(id) != 1 || len(id[0]) != 36 || !strings.Contains(stderr, id[0]) {
		t.Errorf("UNDERSTUDY_INSTANCE is %q, want the UUID in the log", id)
	}
	for _, name := range []string{"UNDERSTUDY_REGISTRY", "UNDERSTUDY_REGISTRY_FILE", "GOGC", "NOTIFY_SOCKET"} {
		if values := find(name); values != nil {
			t.Errorf("%s is %q, want none", name, values)
		}
	}
}

// TestDefaults_TwoInstancesAreOneGroup starts two instances without any setting, as
// in two terminals of one machine.
func TestDefaults_TwoInstancesAreOneGroup(t *testing.T) {
	t.Parallel()
	if !testkit.HasDefaultRegistry(t) {
		t.Skip("in a container the registry has to be configured")
	}
	p := newProgram(t)
	home := t.TempDir()
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + home}
	a := p.start("a", env, nil)
	a.await("tick 1 of term 1")
	b := p.start("b", env, nil)
	b.await("standing by for")
	path := filepath.Join(home, ".local/state/understudy/registry.db")
	for _, ps := range []*process{a, b} {
		first, _, _ := strings.Cut(ps.read(ps.log), "\n")
		if !strings.Contains(first, path) || !strings.Contains(first, "this user on this machine only") {
			t.Errorf("the first line of %s does not say where the registry is:\n%s", ps.name, first)
		}
	}
	a.signal(unix.SIGINT)
	b.await("tick 1 of term 2")
	b.signal(unix.SIGINT)
	for _, ps := range []*process{a, b} {
		if code := ps.exit(); code != 0 {
			t.Errorf("%s ended with %d", ps.name, code)
		}
		if out := ps.read(ps.out); out != "" {
			t.Errorf("%s has %q on stdout", ps.name, out)
		}
	}
}
