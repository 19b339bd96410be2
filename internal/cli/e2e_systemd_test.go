//go:build linux

package cli

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSystemdHearsHowAnInstanceIs(t *testing.T) {
	t.Parallel()
	at := onSQLite(t)
	m := newManager(t, socket(t)).listen()
	g := newGroup(t, at, quick, "escapee=")
	a := g.join("a", "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=200000")
	m.await("STATUS=active in term 1")
	heard := slices.DeleteFunc(m.heard(), func(line string) bool { return line == "WATCHDOG=1" })
	if heard[0] != "READY=1" {
		t.Errorf("systemd heard %q, want READY=1 first", heard)
	}
	a.await("registered as")
	g.work(1)

	mend := at.cut(t)
	a.await("registry does not answer")
	told, passive := m.count("WATCHDOG=1"), m.count("STATUS=passive, standing by")
	until(t, "the watchdog to be told without a registry", func() bool { return m.count("WATCHDOG=1") > told+5 })
	until(t, "it to be passive", func() bool { return m.count("STATUS=passive, standing by") > passive })
	mend()
	g.work(2)
	m.await("STATUS=active in term 2")
	if m.count("STOPPING=1") != 0 {
		t.Error("it is said to stop before it was told to")
	}
	passive = m.count("STATUS=passive, standing by")
	a.signal(unix.SIGTERM)
	a.exit()
	m.await("STOPPING=1")
	m.await("STATUS=stopping")
	g.conclude()
	if m.count("STATUS=passive, standing by") != passive {
		t.Error("it was said to stop only once its work was gone")
	}
	if n := m.count("READY=1"); n != 1 {
		t.Errorf("it was ready %d times", n)
	}
}
