//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
)

// freeze stops a member at a moment when it is not writing to the registry. A member
// that stands still in the middle of a write to a SQLite file locks out all others,
// and they kill it.
func (g *group) freeze(m *process) {
	g.t.Helper()
	testkit.Until(g.t, m.name+" to stand still with nothing locked", func() bool {
		m.signal(unix.SIGSTOP)
		testkit.Until(g.t, "all of its threads to be stopped", func() bool { return stopped(m.cmd.Process.Pid) })
		if g.at.writable(g.t) {
			return true
		}
		m.signal(unix.SIGCONT)
		return false
	})
}

// stopped reports whether every thread of a process is stopped.
func stopped(pid int) bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if _, state, found := strings.Cut(string(stat), ") "); err == nil && found && !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return len(files) > 0
}

func TestFreeze_LongerThanTReplacesTheInstance(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, quick)
		a := g.joinAll("a", "b")[0]
		first := g.workOf(1, 2)
		g.freeze(a)
		next := g.workOf(2, 2)
		a.signal(unix.SIGCONT)
		g.comesBack(a, first)
		testkit.Until(t, "the work of the other to go on", func() bool { return g.lasts(next) })
		g.conclude()
	})
}

// comesBack waits until a member stands by again, with another UUID than before.
func (g *group) comesBack(m *process, was span) {
	g.t.Helper()
	testkit.Until(g.t, m.name+" to stand by again", func() bool {
		return m.logs(`"message":"registered as`) == 2 && m.logged("standing by for")
	})
	if m.logs(`"message":"registered as `+was.instance) != 1 {
		g.t.Errorf("%s has its old UUID again", m.name)
	}
}

func TestFreeze_WithItsGuardReplacesTheInstance(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		// The kernel ends only the process group of the command, so no process may have
		// left it.
		freezeWithGuard(t, newGroup(t, at, quick, "escapee="), 1)
	})
}

// In a PID namespace the kernel ends what has left the group as well.
func TestFreeze_WithItsGuardAndAnEscapeeInAPIDNamespaceReplacesTheInstance(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, quick, "UNDERSTUDY_ISOLATION=pid")
		if m := g.start("check", g.env, []string{"check"}); m.exit() == exitcode.Config {
			t.Skip(m.read(m.out))
		}
		freezeWithGuard(t, g, 2)
	})
}

// freezeWithGuard freezes an instance and its guard until another one works, with that many
// processes.
func freezeWithGuard(t *testing.T, g *group, processes int) {
	t.Helper()
	a := g.joinAll("a", "b")[0]
	first := g.workOf(1, processes)
	guards := g.guards(a)
	if len(guards) == 0 {
		t.Fatal("it has no guard")
	}
	g.freeze(a)
	for _, pid := range guards {
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	g.workOf(2, processes)
	a.signal(unix.SIGCONT)
	g.comesBack(a, first)
	g.conclude()
}

func TestFreeze_ShorterThanTheLeaseCostsNothing(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, quick)
		a := g.joinAll("a", "b")[0]
		g.workOf(1, 2)
		g.freeze(a)
		sleep(quick.OrphanAfter / 6)
		a.signal(unix.SIGCONT)
		sleep(quick.OrphanAfter / 6)
		s := g.workOf(1, 2)
		testkit.Until(t, "its work to go on", func() bool { return g.lasts(s) })
		if list := g.conclude(); list[0].last-list[0].first < quick.OrphanAfter/3 || a.logs("command started") != 1 {
			t.Errorf("the work ran for %v, and was started %d times; want %v or more, and one start", list[0].last-list[0].first, a.logs("command started"), quick.OrphanAfter/3)
		}
	})
}
