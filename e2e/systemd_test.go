//go:build linux

package e2e

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
)

func TestSystemdHearsHowAnInstanceIs(t *testing.T) {
	t.Parallel()
	at := onSQLite(t)
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	g := newGroup(t, at, quick, "escapee=")
	a := g.join("a", "NOTIFY_SOCKET="+m.Path, "WATCHDOG_USEC=200000")
	m.Await("STATUS=active in term 1")
	heard := slices.DeleteFunc(m.Lines(), func(line string) bool { return line == "WATCHDOG=1" })
	if heard[0] != "READY=1" {
		t.Errorf("systemd heard %q, want READY=1 first", heard)
	}
	a.await("registered as")
	g.work(1)

	mend := at.cut(t)
	a.await("registry does not answer")
	told, passive := m.Count("WATCHDOG=1"), m.Count("STATUS=passive, standing by")
	testkit.Until(t, "the watchdog to be told without a registry", func() bool { return m.Count("WATCHDOG=1") > told+5 })
	testkit.Until(t, "it to be passive", func() bool { return m.Count("STATUS=passive, standing by") > passive })
	mend()
	g.work(2)
	m.Await("STATUS=active in term 2")
	if m.Count("STOPPING=1") != 0 {
		t.Error("it is said to stop before it was told to")
	}
	passive = m.Count("STATUS=passive, standing by")
	a.signal(unix.SIGTERM)
	a.exit()
	m.Await("STOPPING=1")
	m.Await("STATUS=stopping")
	g.conclude()
	if m.Count("STATUS=passive, standing by") != passive {
		t.Error("it was said to stop only once its work was gone")
	}
	if n := m.Count("READY=1"); n != 1 {
		t.Errorf("it was ready %d times", n)
	}
}
