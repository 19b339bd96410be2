//go:build linux

package e2e

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs/store"
)

const slowJob = `
jobs:
  slow: {command: "NOTE; sleep 600", schedule: "@every 1s", overlap: skip, drain: 10m, interrupted: fail}
`

// A drain may last longer than T, and the active one beats on. People see why it is not
// gone yet. A second signal ends it.
func TestDrain_LastsUntilASecondSignal(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newJobsGroupWith(t, at, quick, nil, slowJob)
		members := g.joinAll("a", "b")
		g.awaitRuns(g.store(), "slow", 1, store.Processing)
		begun := time.Now()
		members[0].signal(unix.SIGTERM)
		members[0].await("told to stop: the work may finish first")
		testkit.Until(t, "status to show that the active one steps down", func() bool {
			_, out, _ := g.outcome([]string{"UNDERSTUDY_REGISTRY=" + g.at.uri}, []string{"status"})
			return strings.Contains(out, "active, stepping down")
		})
		testkit.Until(t, "twice T to pass", func() bool { return time.Since(begun) > 2*quick.OrphanAfter })
		if !members[0].running() || members[1].logged("active in term") || members[1].logged("no beat from") {
			t.Fatalf("a has gone, or b noticed something:\n%s\n%s", members[0].read(members[0].log), members[1].read(members[1].log))
		}
		members[0].signal(unix.SIGTERM)
		if code := members[0].exit(); code != exitOK {
			t.Errorf("exit code %d", code)
		}
		members[1].await("active in term 2")
		g.signalTwice(members[1])
		g.conclude()
	})
}

// Whoever waits for a handover waits for the drain, and then for the next one.
func TestDrain_HandoverWaitsForIt(t *testing.T) {
	t.Parallel()
	g := newJobsGroup(t, onSQLite(t), nil, strings.ReplaceAll(slowJob, "600", "15"))
	members := g.joinAll("a", "b")
	g.awaitRuns(g.store(), "slow", 1, store.Processing)
	g.handover(exitOK, " is active in term 2 after ", "", "--wait")
	if !members[0].logged("asked to hand over: the work may finish first") {
		t.Error("a did not let its work finish")
	}
	for _, r := range g.runs(g.store(), "slow")[:1] {
		if r.State != store.Completed {
			t.Errorf("the run that was under way: %+v", r)
		}
	}
	g.signalTwice(members[1])
	g.conclude()
}

// signalTwice stops a member whose work may drain.
func (g *jobsGroup) signalTwice(m *process) {
	g.t.Helper()
	m.signal(unix.SIGTERM)
	testkit.Until(g.t, m.name+" to drain or to end", func() bool { return !m.running() || m.logged("told to stop: the work may finish first") })
	time.Sleep(repeated)
	_ = m.cmd.Process.Signal(unix.SIGTERM) // it may have ended
	m.exit()
}
