//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// TestUpgrade_OneInstanceAfterAnother replaces the instances of a group, first
// those of the previous version by new ones and then the other way round. So each
// version takes over from the other, after an orderly stop and after a crash.
func TestUpgrade_OneInstanceAfterAnother(t *testing.T) {
	needBefore(t)
	both(t, func(t *testing.T, at place) {
		old, err := buildBefore()
		if err != nil {
			t.Fatal(err)
		}
		g := newGroup(t, at, quick)
		isOld := map[*process]bool{}
		var term int64
		join := func(name, path string) *process {
			m := g.start(name, append(g.env[:len(g.env):len(g.env)], "UNDERSTUDY_HOST="+name), append([]string{"--"}, g.command...),
				func(cmd *exec.Cmd) { cmd.Path, cmd.Args[0] = path, path })
			g.members = append(g.members, m)
			isOld[m] = path == old
			m.await("registered as")
			return m
		}
		// replace ends the active instance when one of the other version stands by.
		replace := func(crash bool) {
			s := g.work(term + 1)
			term = s.term
			active := g.holder(s)
			name, path := fmt.Sprintf("new-%d", len(g.members)), g.path
			if !isOld[active] {
				name, path = fmt.Sprintf("old-%d", len(g.members)), old
			}
			join(name, path).await("standing by for")
			if crash {
				g.kill(active)
			} else {
				active.signal(unix.SIGTERM)
				active.exit()
			}
			next := g.holder(g.work(term + 1))
			if isOld[next] == isOld[active] {
				t.Errorf("term %d went from %s to %s: want the other version", term+1, active.name, next.name)
			}
		}
		join("old-0", old)
		for _, crash := range []bool{false, false, true, true} {
			replace(crash)
		}
		g.conclude()
	})
}
