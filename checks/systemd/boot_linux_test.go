package systemd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/understudy-go/understudy/checks/part"
)

func TestUnit_WorksUnderASystemdOfItsOwn(t *testing.T) {
	m := newMachine(t)
	const sleeps = `COMMAND=/bin/sh -c 'setsid sleep 1000 & exec sleep 1000'` // one escapes from the group
	works := func() bool { return len(m.processes()["sleep"]) == 2 }

	// Mistakes are not tried again. A forgotten registry is one, though there is a
	// directory that a file could be in.
	if out, err := m.systemctl("start", service); err == nil {
		t.Errorf("without a command it started: %s", out)
	}
	m.is("ActiveState=failed", "ExecMainStatus=64", "NRestarts=0")
	m.write("understudy.d/orders.env", sleeps+"\n")
	if out, err := m.systemctl("start", service); err == nil {
		t.Errorf("without a registry it started: %s", out)
	}
	m.is("ActiveState=failed", "ExecMainStatus=78", "NRestarts=0")
	if !strings.Contains(m.log(), "UNDERSTUDY_REGISTRY is not set") {
		t.Error("it did not say what is missing")
	}
	m.configure(sleeps, "UNDERSTUDY_RESTART=sometimes")
	if out, err := m.systemctl("start", service); err == nil {
		t.Errorf("with a mistake it started: %s", out)
	}
	m.is("ActiveState=failed", "ExecMainStatus=78", "NRestarts=0")

	// Ready is registered, by a user without rights.
	m.configure(sleeps)
	m.order("start")
	if pids := m.registered(); !slices.Contains(pids, m.property("MainPID")) {
		t.Errorf("ready before it was registered: %q are", pids)
	}
	part.Until(t, "the command", works)
	m.is("ActiveState=active")
	part.Until(t, "the word that it is active", func() bool { return m.property("StatusText") == "active in term 1" })
	var status syscall.Stat_t
	p := m.processes()
	if err := syscall.Stat(fmt.Sprintf("/proc/%d", p["sleep"][0]), &status); err != nil || status.Uid == 0 {
		t.Errorf("the command is user %d's, %v", status.Uid, err)
	}

	// What a dead guard leaves behind is found under ProtectProc.
	killed := m.processes()
	_ = syscall.Kill(killed["work-guard"][0], syscall.SIGKILL)
	part.Until(t, "the command to be restarted", func() bool { return strings.Count(m.log(), `"command started"`) >= 2 && works() })
	for _, pid := range m.processes()["sleep"] {
		if slices.Contains(killed["sleep"], pid) {
			t.Errorf("process %d outlived its guard", pid)
		}
	}
	m.is("NRestarts=0")

	// A process whose loop stands still is ended, with all that it runs.
	frozen := m.processes()
	_ = syscall.Kill(frozen["understudy"][0], syscall.SIGSTOP)
	part.Until(t, "a restart", func() bool { return m.property("NRestarts") == "1" })
	if log := m.log(); strings.Count(log, "SIGABRT: abort") != 1 {
		t.Error("it did not say where it stood, or not it alone")
	}
	part.Until(t, "the command in another term", func() bool { return works() && strings.HasPrefix(m.property("StatusText"), "active in term 2") })

	// In the order of a stop, nothing is left.
	m.order("stop")
	m.is("ActiveState=inactive", "Result=success", "ExecMainStatus=0")
	if left := m.processes(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	// The command is told once: one that takes a second SIGTERM for an order to drop everything may finish.
	m.configure("UNDERSTUDY_STOP_GRACE=10s", "UNDERSTUDY_ORPHAN_AFTER=60s",
		`COMMAND=/bin/sh -c 'trap "trap - TERM; sleep 0.3; echo finished; exit" TERM; echo begun; while :; do sleep 0.01; done'`)
	times := func(line string) int { return strings.Count(m.log(), line) }
	for n := range 4 { // two signals may look like one
		m.order("start")
		part.Until(t, "the command", func() bool { return times("begun\n") == n+1 })
		m.order("stop")
		m.is("Result=success", "ExecMainStatus=0")
		if times("finished\n") != n+1 {
			t.Fatal("the command was told to stop twice")
		}
	}

	// Jobs run without a command, and beside one. The unit's user has to be able to read their
	// file.
	const jobs = "UNDERSTUDY_JOBS=/etc/understudy/orders.yaml"
	m.write("understudy.d/orders.yaml", ticks)
	m.configure(jobs)
	if out, err := m.systemctl("start", service); err == nil {
		t.Errorf("with a jobs file that it cannot read it started: %s", out)
	}
	m.is("ActiveState=failed", "ExecMainStatus=78", "NRestarts=0")
	if !strings.Contains(m.log(), "/etc/understudy/orders.yaml: cannot read it: permission denied") {
		t.Error("it did not say that it cannot read the jobs file")
	}
	if err := errors.Join(os.Chmod(filepath.Join(m.dir, "understudy.d/orders.yaml"), 0o644), os.Chmod(filepath.Join(m.dir, "understudy.d"), 0o711)); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"", sleeps} {
		m.configure(jobs, command)
		ticked := times("tick | ticked in term ")
		m.order("start")
		part.Until(t, "two runs of a job", func() bool { return times("tick | ticked in term ") > ticked+1 })
		part.Until(t, "the command, if there is one", func() bool { return len(m.processes()["sleep"]) == strings.Count(command, "sleep") })
		m.is("ActiveState=active")
		m.order("stop")
		m.is("ActiveState=inactive", "Result=success", "ExecMainStatus=0")
		if left := m.processes(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}

	// The command is not done because everybody, the command included, got SIGTERM at the same time.
	m.configure(sleeps, "UNDERSTUDY_RESTART=never")
	m.order("start")
	part.Until(t, "the command", works)
	before := times(`"message":"left"`)
	m.order("kill")
	part.Until(t, "the end", func() bool { return m.property("ActiveState") == "inactive" })
	m.is("Result=success", "ExecMainStatus=0")
	if times("is not started again") != 0 || times(`"message":"left"`) != before+1 {
		t.Error("it took the stop for the end of the work, or did not leave in order")
	}
}
