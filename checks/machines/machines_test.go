// Package machines follows docs/three-machines.md, as far as MongoDB and the
// program go: it makes the user, and has three instances run as this user.
// Package systemd runs the commands of that document that install and start the
// unit.
package machines

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

const document = "docs/three-machines.md"

// program builds the program.
func program(t *testing.T) string {
	t.Helper()
	root, err := part.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "understudy")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// user is what the document has mongosh make.
type user struct {
	User, Pwd string
	Roles     []map[string]string
}

// documented returns the user of the document, with a password.
func documented(t *testing.T) (u user) {
	t.Helper()
	text := string(part.File(t, document))
	call := regexp.MustCompile(`(?s)db\.getSiblingDB\("admin"\)\.createUser\((\{.*?\n\})\)`).FindStringSubmatch(text)
	if call == nil {
		t.Fatalf("%s makes no user: has its form changed?", document)
	}
	object := strings.ReplaceAll(call[1], "passwordPrompt()", `"hunter2"`)
	object = regexp.MustCompile(`(\w+): `).ReplaceAllString(object, `"$1": `)
	if err := json.Unmarshal([]byte(object), &u); err != nil || u.Pwd != "hunter2" {
		t.Fatalf("%s: password %q, error %v", object, u.Pwd, err)
	}
	return u
}

// machine is a shell as the document has it on one of the machines.
type machine struct{ path, file, function string }

// newMachine writes the environment of the document, for another MongoDB.
func newMachine(t *testing.T, set *mongotest.Set, u user) (m machine) {
	t.Helper()
	dir := t.TempDir()
	m.path, m.file = filepath.Dir(program(t))+":"+os.Getenv("PATH"), filepath.Join(dir, "orders.env")
	var environment []string
	for _, line := range part.Commands(t, document) {
		switch {
		case strings.HasPrefix(line, "UNDERSTUDY_REGISTRY="):
			here := strings.NewReplacer("PASSWORD", u.Pwd, "db1,db2,db3", set.Host(0), "replicaSet=rs0", "replicaSet=understudy").Replace(line)
			if !strings.Contains(here, u.User+":"+u.Pwd+"@"+set.Host(0)+"/") {
				t.Fatalf("%s is not of the user %s", line, u.User)
			}
			environment = append(environment, here)
		case strings.HasPrefix(line, "COMMAND="):
			environment = append(environment, line)
		case strings.HasPrefix(line, "orders() "):
			m.function = strings.ReplaceAll(line, "/etc/understudy/orders.env", m.file)
		}
	}
	if len(environment) != 2 || !strings.Contains(m.function, m.file) {
		t.Fatalf("environment %q, function %q: has the document's form changed?", environment, m.function)
	}
	if err := os.WriteFile(m.file, []byte(strings.Join(environment, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// shell makes a process of a line of the document.
func (m machine) shell(line string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", m.function+"\n"+line)
	cmd.Env = []string{"PATH=" + m.path, "HOME=" + filepath.Dir(m.file)}
	return cmd
}

// start starts an instance, as the unit would, with a command that exists.
func (m machine) start(t *testing.T, host string) {
	t.Helper()
	cmd := m.shell("set -a; . " + m.file + "; UNDERSTUDY_GROUP=orders UNDERSTUDY_HOST=" + host + " exec understudy -- sleep 1000")
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", host, err, &log)
		}
	})
}

func TestThreeMachines_WorkAsTheDocumentSays(t *testing.T) {
	set := mongotest.Start(t, 1, mongotest.Auth)
	u := documented(t)
	set.Admin(t, "createUser", u.User, "pwd", u.Pwd, "roles", u.Roles)
	m := newMachine(t, set, u)
	var commands []string
	for _, line := range part.Commands(t, document) {
		if rest, ok := strings.CutPrefix(line, "orders "); ok {
			commands = append(commands, rest)
		}
	}
	if want := []string{"check", "status", "history", "handover --wait", "status"}; !slices.Equal(commands, want) {
		t.Fatalf("the document has the commands %q, want %q", commands, want)
	}

	if out, err := m.shell("orders check").CombinedOutput(); err != nil || strings.Contains(string(out), "✗") {
		t.Fatalf("orders check: %v\n%s", err, out)
	}
	for _, host := range []string{"vm1", "vm2", "vm3"} {
		m.start(t, host)
	}
	var out []byte
	part.Until(t, "one active and two passive instances", func() bool {
		var err error
		out, err = m.shell("orders status").CombinedOutput()
		return err == nil && strings.Contains(string(out), "vm1") && strings.Contains(string(out), "vm2") && strings.Contains(string(out), "vm3")
	})
	for _, command := range commands[2:] {
		out, err := m.shell("orders " + command).CombinedOutput()
		if err != nil {
			t.Errorf("orders %s: %v\n%s", command, err, out)
		}
	}
	out, err := m.shell("orders history").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "handed over") {
		t.Errorf("orders history: %v\n%s", err, out)
	}
}
