//go:build linux

package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
)

func TestTakeover_AfterSIGTERM(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		const linger = 100 * time.Millisecond
		g := newGroup(t, at, enduring, "linger="+linger.String())
		g.joinAll("a", "b", "c")
		for term := int64(1); term <= 2; term++ {
			m := g.holder(g.workOf(term, 2))
			sent := boottime.Now()
			m.signal(unix.SIGTERM)
			next := g.work(term + 1)
			if code := m.exit(); code != 0 || next.term != term+1 {
				t.Errorf("%s ended with %d, then came term %d", m.name, code, next.term)
			}
			if next.first < sent+linger {
				t.Errorf("the work had %v to stop and got %v", linger, next.first-sent)
			}
		}
		g.workOf(3, 2)
		g.endedAfterWork(g.conclude())
	})
}

// endedAfterWork checks that each term ended after its work was gone. It can compare
// the times because the registry runs on this machine.
func (g *group) endedAfterWork(list []span) {
	g.t.Helper()
	terms, _ := g.at.state(g.t, "default")
	booted := time.Now().Add(-boottime.Now())
	for _, s := range list {
		for _, term := range terms {
			gone := booted.Add(s.last).Add(-2 * time.Millisecond) // a registry may keep whole milliseconds only
			if term.Number == s.term && term.EndedAt.Before(gone) {
				g.t.Errorf("term %d ended %v before its work", s.term, gone.Sub(term.EndedAt))
			}
		}
	}
}

func TestTakeover_AfterSIGKILL(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, enduring)
		members := g.joinAll("a", "b", "c")
		if g.workersIn(1) == 0 {
			t.Error("no process of the work was found")
		}
		killed := g.kill(members[0])
		testkit.Until(t, "its processes to be gone", func() bool { return g.workersIn(1) == 0 })
		next := g.work(2)
		list := g.conclude()
		list[0].endsSoonAfter(t, killed)
		t.Logf("taken over %v after the kill", next.first-killed)
	})
}

// If the guard is killed too, the kernel ends the process group of the command.
func TestTakeover_AfterSIGKILLOfInstanceAndGuard(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), quick, "escapee=")
	a := g.joinAll("a", "b")[0]
	guards := g.guards(a)
	if len(guards) == 0 {
		t.Fatal("it has no guard")
	}
	for _, pid := range guards {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	killed := g.kill(a)
	testkit.Until(t, "its processes to be gone", func() bool { return g.workers() == 0 })
	g.work(2)
	g.conclude()[0].endsSoonAfter(t, killed)
}

// endsSoonAfter checks, by the times that the work itself wrote down, that it did not
// outlive its instance.
func (s span) endsSoonAfter(t *testing.T, killed time.Duration) {
	t.Helper()
	t.Logf("work gone %v after the kill", s.last-killed)
	if s.last > killed+time.Second {
		t.Errorf("the work outlived its instance by %v", s.last-killed)
	}
}

func TestTakeover_InAStormOfSIGKILLs(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		seed := rand.Uint64()
		dice := rand.New(rand.NewPCG(seed, 0))
		t.Logf("seed %d", seed)
		g := newGroup(t, at, quick)
		alive := g.joinAll("a", "b", "c", "d")
		names := 0
		replace := func(i int) {
			g.kill(alive[i])
			names++
			alive[i] = g.join(fmt.Sprintf("n%d", names))
		}
		for term := int64(1); term <= 3; term++ {
			s := g.work(term)
			term = s.term
			active := g.holder(s)
			for range dice.IntN(3) { // any member, which may be the active one
				sleep(rand.N(100 * time.Millisecond))
				replace(dice.IntN(len(alive)))
			}
			for i, m := range alive {
				if m == active {
					replace(i)
				}
			}
		}
		g.work(4)
		for _, m := range alive { // SIGTERM would end it as it stands before it handles signals
			m.await("registered as")
		}
		g.conclude()
	})
}

func TestTakeover_AfterCtrlCIsImmediate(t *testing.T) {
	t.Parallel()
	const target, bound = 200 * time.Millisecond, 2 * time.Second // on an idle machine, and on a busy one
	g := newGroup(t, onSQLite(t), enduring)
	g.joinAll("a", "b")
	best := time.Hour
	for try := int64(1); try <= 3 && best > target; try++ {
		s := g.work(try)
		pressed := boottime.Now()
		g.holder(s).signal(unix.SIGINT)
		took := g.work(try+1).first - pressed
		t.Logf("from the signal to the peer's first line: %v", took)
		best = min(best, took)
		next := g.join(fmt.Sprintf("next%d", try))
		next.await("standing by for")
	}
	t.Logf("the best of three is %v, the target %v", best, target)
	if best > bound {
		t.Errorf("taken over after %v, want %v", best, target)
	}
	g.conclude()
}
