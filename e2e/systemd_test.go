//go:build linux

package e2e

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
)

func TestSystemd_IsToldTheStateOfAnInstance(t *testing.T) {
	t.Parallel()
	at := onSQLite(t)
	m := testkit.NewSystemd(t, testkit.SocketPath(t)).Listen()
	g := newGroup(t, at, quick, "escapee=")
	a := g.join("a", "NOTIFY_SOCKET="+m.Path, "WATCHDOG_USEC=200000")
	m.Await("STATUS=active in term 1")
	lines := slices.DeleteFunc(m.Lines(), func(line string) bool { return line == "WATCHDOG=1" })
	if lines[0] != "READY=1" {
		t.Errorf("systemd received %q, want READY=1 first", lines)
	}
	a.await("registered as")
	g.work(1)

	mend := at.cut(t)
	a.await("registry does not answer")
	notified, passive := m.Count("WATCHDOG=1"), m.Count("STATUS=passive, standing by")
	testkit.Until(t, "the watchdog to be notified although the registry is away", func() bool { return m.Count("WATCHDOG=1") > notified+5 })
	testkit.Until(t, "it to be passive", func() bool { return m.Count("STATUS=passive, standing by") > passive })
	mend()
	g.work(2)
	m.Await("STATUS=active in term 2")
	if m.Count("STOPPING=1") != 0 {
		t.Error("systemd was told that it stops before it was asked to stop")
	}
	passive = m.Count("STATUS=passive, standing by")
	a.signal(unix.SIGTERM)
	a.exit()
	m.Await("STOPPING=1")
	m.Await("STATUS=stopping")
	g.conclude()
	if m.Count("STATUS=passive, standing by") != passive {
		t.Error("systemd was told that it stops only after its work had ended")
	}
	if n := m.Count("READY=1"); n != 1 {
		t.Errorf("it was ready %d times", n)
	}
}
