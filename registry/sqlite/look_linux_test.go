package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// look is another process, of a user who may not write, that reads the registry.
func look(path string) error {
	r, err := Open(context.Background(), path, Options{Access: registry.Look})
	if err != nil {
		return err
	}
	v, err := r.View(context.Background(), "g")
	if err != nil {
		return err
	}
	fmt.Println("term", v.Number())
	return r.Close(context.Background())
}

// findings is another process, of a user who may not write, that checks the file.
func findings(path string) error {
	for _, f := range Check(context.Background(), path, Options{}) {
		fmt.Print(f.Name, "=", f.Mark, " ")
	}
	fmt.Println()
	return nil
}

// reachable is a directory that other users can get to, unlike t.TempDir.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "understudy-look-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(os.Chmod(dir, 0o700), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestLook_RightToReadIsEnough(t *testing.T) {
	dir, crashed := reachable(t), reachable(t)
	path := filepath.Join(dir, "registry.db")
	owner := open(t, path)
	beginTerm(t, owner, 1, join(t, owner, "g"))
	permit := func() {
		t.Helper()
		for _, name := range testkit.Names(t, dir) {
			if err := os.Chmod(filepath.Join(dir, name), 0o444); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	mode := "look"
	expect := func(want string) {
		t.Helper()
		permit()
		cmd := testkit.Self(t, mode, path)
		if os.Geteuid() == 0 { // root writes through file modes
			cmd.Path = "/proc/self/exe"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		t.Logf("%s", out)
		if !strings.Contains(string(out), want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("got %q, want %q", out, want)
		}
	}
	expect("term 1") // an instance has it open
	mode = "check"
	expect("file=ok local=ok directory=error database=ok tables=ok writable=error schema=ok index=ok watch=ok ")
	mode = "look"

	in := join(t, owner, "g")
	beginTerm(t, owner, 2, in)
	for _, name := range testkit.Names(t, dir) { // the files as they are when all processes are killed
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(crashed, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		closeRegistry(t, owner)
		expect("term 2") // no process has it open
	}

	dir, path = crashed, filepath.Join(crashed, "registry.db")
	expect("term 2") // with a WAL that was not checkpointed
	if err := errors.Join(os.Chmod(dir, 0o700), os.Remove(path+"-shm")); err != nil {
		t.Fatal(err)
	}
	expect("can be read") // advice
}
