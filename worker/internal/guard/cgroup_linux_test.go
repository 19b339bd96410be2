package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
)

// requireCgroup skips the test where no control group can be made, and returns the
// directory that it is made in.
func requireCgroup(t *testing.T) string {
	t.Helper()
	c, err := newCgroup()
	if err != nil {
		t.Skip(err)
	}
	c.remove()
	return filepath.Dir(c.path)
}

func groupsIn(parent string, guard int) []string {
	list, _ := filepath.Glob(filepath.Join(parent, cgroupPrefix(guard)+"*"))
	return list
}

func TestGuard_CgroupHoldsTheCommandAndIsRemoved(t *testing.T) {
	parent := requireCgroup(t)
	for _, i := range []Isolation{Auto, Cgroup} {
		g, err := StartIsolated(t.Context(), ToStderr, i)
		if err != nil {
			t.Fatal(err)
		}
		if i == Auto && hiddenLimit() != nil {
			t.Logf("auto is %s", g.Isolation())
			g.Dismiss()
			for range g.Events() {
			}
			continue
		}
		if g.Isolation() != string(Cgroup) {
			t.Fatalf("isolation %q is in effect, want a control group", g.Isolation())
		}
		for code := range 3 { // a guard that serves several runs has one
			if code > 0 && !g.Idle() {
				break // the machine stalled in the run before
			}
			o := testOrder("test $(cat /proc/self/cgroup | grep ^0:: | cut -d/ -f2-) != '' && grep -q /" + filepath.Base(groupsIn(parent, g.PID())[0]) + "$ /proc/self/cgroup && exit $CODE")
			o.Env = append(o.Env, "CODE="+string(rune('4'+code)))
			g.Run(o)
			if event := next(t, g); event.Kind != Started {
				t.Fatalf("%+v, want that it started", event)
			}
			wantExit(t, g, 4+code)
		}
		g.Dismiss()
		for range g.Events() {
		}
		if list := groupsIn(parent, g.PID()); len(list) > 0 {
			t.Errorf("%v is left", list)
		}
	}
}

func TestCgroup_LimitThatACommandWouldNotSeeIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		hidden     bool
	}{
		{"memory.max", "max\n", false}, {"memory.max", "1073741824\n", true}, {"memory.high", "1024\n", true},
		{"cpu.max", "max 100000\n", false}, {"cpu.max", "50000 100000\n", true}, {"pids.max", "100\n", false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := limitIn(dir); (err != nil) != tt.hidden || err != nil && !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s with %q: %v", tt.name, tt.text, err)
		}
	}
	if err := limitIn(t.TempDir()); err != nil {
		t.Errorf("without files: %v", err)
	}
}

// A command may make control groups of its own.
func TestGuard_RemovesTheCgroupsOfItsCommand(t *testing.T) {
	parent := requireCgroup(t)
	g, err := StartIsolated(t.Context(), ToStderr, Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	own := groupsIn(parent, g.PID())[0]
	o := testOrder("mkdir -p " + own + "/a/b && sleep 1000")
	o.Keep = false
	g.Run(o)
	for event := range g.Events() {
		if event.Kind == Started {
			testkit.Until(t, "the command to make control groups", func() bool { _, err := os.Stat(own + "/a/b"); return err == nil })
			g.Kill()
		}
	}
	if list := groupsIn(parent, g.PID()); len(list) > 0 {
		t.Errorf("%v is left", list)
	}
}

func TestCgroup_OfAKilledGuardIsEndedAndThatOfALivingOneIsNot(t *testing.T) {
	parent := requireCgroup(t)
	living, err := StartIsolated(t.Context(), ToStderr, Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	killed, err := StartIsolated(t.Context(), ToStderr, Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	killed.Run(testOrder("sleep 1000"))
	if event := next(t, killed); event.Kind != Started {
		t.Fatalf("%+v, want that it started", event)
	}
	_ = unix.Kill(killed.PID(), unix.SIGKILL)
	for range killed.Events() {
	}
	if list := groupsIn(parent, killed.PID()); len(list) > 0 {
		t.Errorf("%v is left", list)
	}
	if list := groupsIn(parent, living.PID()); len(list) != 1 {
		t.Errorf("%v, want the control group of the guard that lives", list)
	}
	living.Dismiss()
	for range living.Events() {
	}
}

// Each guard that starts sweeps what others have left, and may meet a group that was made a
// moment ago.
func TestCgroup_ManyAreMadeAtTheSameTime(t *testing.T) {
	requireCgroup(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 30 {
				c, err := newCgroup()
				if err != nil {
					t.Error(err)
					return
				}
				c.remove()
			}
		})
	}
	all.Wait()
}

// What a killed guard has left is over when nothing in its group is alive, also if the
// group cannot be removed. These are directories that only look like control groups.
func TestCgroup_SweepWaitsForProcessesAndNotForTheDirectory(t *testing.T) {
	for _, tt := range []struct {
		events string
		alive  bool
	}{{"populated 0\nfrozen 0\n", false}, {"populated 1\nfrozen 0\n", true}} {
		parent := t.TempDir()
		dir := filepath.Join(parent, cgroupPrefix(7)+"1")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"cgroup.events": tt.events, "cgroup.kill": ""} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := sweepCgroups(parent, cgroupPrefix(7)); (err != nil) != tt.alive {
			t.Errorf("%q: %v", tt.events, err)
		}
		if killed, _ := os.ReadFile(filepath.Join(dir, "cgroup.kill")); string(killed) != "1" {
			t.Errorf("%q: %q was written to kill the group", tt.events, killed)
		}
		if err := sweepCgroups(parent, cgroupPrefix(70)); err != nil {
			t.Errorf("another guard waits for it: %v", err)
		}
	}
}

// As far as the kernel tells processes, nothing of a tree is left (ECHILD), but somebody
// else is in the control group, such as a process that another PID namespace has adopted.
func TestGuard_WaitsUntilItsCgroupIsEmpty(t *testing.T) {
	parent := requireCgroup(t)
	g, err := StartIsolated(t.Context(), ToStderr, Cgroup)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Kill() }()
	group := groupsIn(parent, g.PID())[0]
	if err := os.WriteFile(group+"/cgroup.procs", []byte(fmt.Sprint(stranger.Pid)), 0); err != nil {
		t.Fatal(err)
	}
	g.Run(testOrder("exit 0"))
	if event := next(t, g); event.Kind != Started {
		t.Fatalf("%+v, want that it started", event)
	}
	wantExit(t, g, 0)
	state, err := stranger.Wait()
	if err != nil || state.Sys().(interface{ Signaled() bool }).Signaled() == false {
		t.Errorf("%v %v, want that it was killed", state, err)
	}
	g.Dismiss()
	for range g.Events() {
	}
}
