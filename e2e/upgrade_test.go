//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// before is the commit of the previous version.
const before = "e5c8d9319b09f656db6516fe10937dd667f93da1"

// buildBefore builds the previous version from the history.
var buildBefore = sync.OnceValues(func() (string, error) {
	tree, path := filepath.Join(scratch, "before"), filepath.Join(scratch, "understudy-before")
	if err := os.Mkdir(tree, 0o700); err != nil {
		return "", err
	}
	for _, line := range []string{
		fmt.Sprintf("git -C %s archive %s | tar -x -C %s", repository, before, tree),
		fmt.Sprintf("cd %s && CGO_ENABLED=0 go build -ldflags='-s -w' -o %s .", tree, path),
	} {
		if out, err := exec.Command("bash", "-o", "pipefail", "-c", line).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", line, err, out)
		}
	}
	return path, os.RemoveAll(tree)
})

// needBefore skips a test where the previous version is not in the history. In CI the
// commit has to be there, unless the clone is shallow.
func needBefore(t *testing.T) {
	t.Helper()
	err := exec.Command("git", "cat-file", "-e", before+"^{commit}").Run()
	if err == nil {
		return
	}
	reason := fmt.Sprintf("the commit of the previous version, %.7s, is not there: %v", before, err)
	shallow, err := exec.Command("git", "rev-parse", "--is-shallow-repository").Output()
	if err == nil && strings.TrimSpace(string(shallow)) == "false" && os.Getenv("UNDERSTUDY_TEST_REQUIRE_MONGODB") == "1" {
		t.Fatalf("%s, and this is no shallow clone", reason)
	}
	fmt.Fprintln(os.Stderr, t.Name()+" skipped: "+reason)
	t.Skip(reason)
}

// mixedGroup is a group with instances of the previous version and of this one. At most two
// run at a time, so it is known which one takes over.
type mixedGroup struct {
	*group
	before string   // the program of the previous version
	args   []string // of the instances of this version
	isOld  map[*process]bool
	term   int64 // up to which the work has been seen
}

func newMixedGroup(t *testing.T, g *group, args ...string) *mixedGroup {
	t.Helper()
	path, err := buildBefore()
	if err != nil {
		t.Fatal(err)
	}
	return &mixedGroup{group: g, before: path, args: append(args, append([]string{"--"}, g.command...)...), isOld: map[*process]bool{}}
}

// join starts an instance of the previous version, or of this one.
func (g *mixedGroup) join(old bool) *process {
	g.t.Helper()
	name, path, args := fmt.Sprintf("new-%d", len(g.members)), g.path, g.args
	if old {
		name, path, args = fmt.Sprintf("old-%d", len(g.members)), g.before, append([]string{"--"}, g.command...)
	}
	m := g.start(name, append(slices.Clone(g.env), "UNDERSTUDY_HOST="+name), args,
		func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, path })
	g.members = append(g.members, m)
	g.isOld[m] = old
	m.await("registered as")
	return m
}

// replace ends the active instance when one of the other version stands by. It returns the
// work of the one that takes over.
func (g *mixedGroup) replace(crash bool) span {
	g.t.Helper()
	s := g.work(g.term + 1)
	active := g.holder(s)
	g.join(!g.isOld[active]).await("standing by for")
	if crash {
		g.kill(active)
	} else {
		active.signal(unix.SIGTERM)
		active.exit()
	}
	g.term = s.term
	after := g.work(g.term + 1)
	if next := g.holder(after); g.isOld[next] == g.isOld[active] {
		g.t.Errorf("term %d went from %s to %s: want the other version", after.term, active.name, next.name)
	}
	return after
}

// TestUpgrade_OneInstanceAfterAnother replaces the instances of a group, first
// those of the previous version by new ones and then the other way round. So each
// version takes over from the other, after an orderly stop and after a crash.
func TestUpgrade_OneInstanceAfterAnother(t *testing.T) {
	needBefore(t)
	both(t, func(t *testing.T, at place) {
		g := newMixedGroup(t, newGroup(t, at, quick))
		g.join(true)
		for _, crash := range []bool{false, false, true, true} {
			g.replace(crash)
		}
		g.conclude()
	})
}
