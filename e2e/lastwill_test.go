//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/mongotest"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// reasons returns why the terms of a group ended, the latest term first.
func (g *group) reasons() (list []registry.Reason) {
	g.t.Helper()
	terms, _ := g.at.state(g.t, "default")
	for _, t := range terms {
		list = append(list, t.End.Reason)
	}
	return list
}

// With the default timing, peers would wait for a minute.
func TestLastWill_KilledActiveInstanceIsReplacedAtOnce(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		const target, bound = 60 * time.Millisecond, 20 * time.Second // on an idle machine, and on a busy one
		g := newGroup(t, at, registry.DefaultTiming)
		members := g.joinAll("a", "b", "c", "d")
		best := time.Hour
		for term := int64(1); term <= 3 && best > target; term++ {
			active := g.holder(g.workOf(term, 2))
			killed := g.kill(active)
			next := g.work(term + 1)
			t.Logf("from SIGKILL to the first line of the next command: %v", next.first-killed)
			best = min(best, next.first-killed)
			if got := g.reasons()[1]; got != registry.Crashed {
				t.Errorf("term %d ended as %q, want %q", term, got, registry.Crashed)
			}
		}
		if best > bound {
			t.Errorf("taken over after %v, want %v", best, target)
		}
		terms, instances := at.state(t, "default")
		if got, want := len(instances), g.alive(); got != want {
			t.Errorf("%d instances are registered, %d of %d live; the latest term: %+v", got, want, len(members), terms[0])
		}
		g.conclude()
	})
}

func TestLastWill_KilledPassiveInstanceIsUnregisteredAtOnce(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		const target, bound = 100 * time.Millisecond, 20 * time.Second // on an idle machine, and on a busy one
		g := newGroup(t, at, registry.DefaultTiming)
		members := g.joinAll("a", "b", "c", "d")
		first := g.workOf(1, 2)
		b := at.open(t)
		best := time.Hour
		for i, m := range members[1:] {
			killed := g.kill(m)
			testkit.Until(t, "its record to be deleted", func() bool {
				list, _, err := b.Instances(t.Context(), "default")
				return err == nil && len(list) == len(members)-1-i
			})
			took := boottime.Now() - killed
			t.Logf("from SIGKILL to the deletion of the record: %v", took)
			best = min(best, took)
		}
		if best > bound {
			t.Errorf("deleted after %v, want %v", best, target)
		}
		g.keeps(first)
		g.conclude()
	})
}

// The last will arrives as soon as the registry is back, and the peers do not wait for T.
func TestLastWill_IsTriedUntilTheRegistryIsBack(t *testing.T) {
	bothAlone(t, func(t *testing.T, at place) {
		g := newGroup(t, at, enduring)
		a := g.joinAll("a", "b")[0]
		g.workOf(1, 2)
		mend := at.cut(t)
		g.kill(a)
		testkit.Until(t, "its processes to be gone", func() bool { return g.workers() <= 0 })
		sleep(time.Second)
		mend()
		back := boottime.Now()
		next := g.work(2)
		t.Logf("taken over %v after the registry was back", next.first-back)
		if got := g.reasons()[1]; got != registry.Crashed {
			t.Errorf("term 1 ended as %q, want %q", got, registry.Crashed)
		}
		g.conclude()
	})
}

func TestLastWill_GivesUpAfterT(t *testing.T) {
	bothAlone(t, func(t *testing.T, at place) {
		g := newGroup(t, at, quick, "escapee=")
		a := g.joinAll("a")[0]
		g.work(1)
		guards := g.guards(a)
		mend := at.cut(t)
		killed := boottime.Now()
		g.kill(a)
		testkit.Until(t, "the guard to exit", func() bool { return len(g.left()) == 0 })
		if took := boottime.Now() - killed; took < quick.OrphanAfter {
			t.Errorf("guards %v gave up %v after the kill, want %v or more", guards, took, quick.OrphanAfter)
		}
		mend()
		g.join("b")
		g.work(2)
		testkit.Until(t, "the end of term 1 to be recorded", func() bool { return g.reasons()[1] != "" })
		if got := g.reasons()[1]; got != registry.Orphaned {
			t.Errorf("term 1 ended as %q, want %q", got, registry.Orphaned)
		}
		g.conclude()
	})
}

// Nobody knows whether something of the command is left under a guard that was frozen or
// killed, so peers wait for T.
func TestLastWill_IsNotCarriedOutWithoutTheWordOfTheGuard(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP} {
			t.Run(unix.SignalName(sig), func(t *testing.T) {
				at := at
				if at.path != "" {
					at = onSQLite(t)
				} else {
					at = place{uri: mongotest.Shared(t)}
				}
				g := newGroup(t, at, quick, "escapee=")
				a := g.joinAll("a", "b")[0]
				g.work(1)
				guards := g.guards(a)
				for _, pid := range guards {
					if err := unix.Kill(pid, sig); err != nil {
						t.Fatal(err)
					}
				}
				g.kill(a)
				g.work(2)
				for _, pid := range guards { // long after the takeover
					_ = unix.Kill(pid, unix.SIGCONT)
				}
				testkit.Until(t, "the end of term 1 to be recorded", func() bool { return g.reasons()[1] != "" })
				if got := g.reasons(); got[1] != registry.Orphaned || got[0] != "" {
					t.Errorf("the terms ended as %q, want the first as %q, and the second one open", got, registry.Orphaned)
				}
				g.conclude()
			})
		}
	})
}

// A process that is only frozen is not dead, however long it does not run.
func TestLastWill_SparesAFrozenInstance(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, enduring)
		a := g.joinAll("a", "b")[0]
		first := g.workOf(1, 2)
		g.freeze(a)
		sleep(2 * time.Second)
		a.signal(unix.SIGCONT)
		g.keeps(first)
		g.conclude()
	})
}

// While the registry does not answer, the guard and the process that carries out the last
// will live on. Nobody finds the password in them.
func TestLastWill_HidesThePassword(t *testing.T) {
	t.Parallel()
	set, as := users(t)
	const password = "sEcReT0815"
	createUser(t, set, "app", password)
	g := newGroup(t, place{uri: set.URI(), set: set}, enduring)
	g.env[0] = "UNDERSTUDY_REGISTRY=" + as("app", password)
	a := g.joinAll("a", "b")[0]
	g.workOf(1, 2)
	for _, pid := range g.guards(a) {
		hides(t, pid, password)
		if found, read := inMemoryOf(pid, password); found || read == 0 {
			t.Errorf("the memory of guard %d, of which %d bytes could be read, has the password: %v", pid, read, found)
		}
	}
	set.Freeze(t, 0)
	g.kill(a)
	var heirs []int
	testkit.Until(t, "a process that carries out the last will", func() bool {
		heirs = nil
		for _, left := range g.left() {
			if cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", left.pid)); string(cmdline) == "work-guard\x00last-will\x00" {
				heirs = append(heirs, left.pid)
			}
		}
		return len(heirs) == 1
	})
	for _, left := range g.left() {
		if left.name == "work-guard" {
			hides(t, left.pid, password)
		}
	}
	testkit.Until(t, "it to have no core", func() bool { // it may have begun just now
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", heirs[0]))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(strings.Split(string(limits), "Max core file size")[1])
		return fields[0] == "0" && fields[1] == "0"
	})
	set.Thaw(t, 0)
	g.work(2)
	if got := g.reasons()[1]; got != registry.Crashed {
		t.Errorf("term 1 ended as %q, want %q", got, registry.Crashed)
	}
	g.conclude()
}

// hides checks that ps does not show a secret of a process.
func hides(t *testing.T, pid int, secret string) {
	t.Helper()
	for _, file := range []string{"cmdline", "environ", "comm"} {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil || bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s of process %d: %q, %v", file, pid, data, err)
		}
	}
}

// inMemoryOf reports whether a text is in the memory of a process, and how much of that
// could be read. A core dump shows no more.
func inMemoryOf(pid int, text string) (found bool, read int) {
	maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return false, 0
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n != 2 || to-from > 1<<30 {
			continue
		}
		b := make([]byte, to-from)
		n, _ := mem.ReadAt(b, from)
		read += n
		found = found || bytes.Contains(b[:n], []byte(text))
	}
	return found, read
}

// A user's password may have been replaced since the instance opened the registry.
func TestLastWill_ReadsTheCredentialsAgain(t *testing.T) {
	t.Parallel()
	set, as := users(t)
	createUser(t, set, "old", "0ld")
	createUser(t, set, "new", "n3w")
	dir := t.TempDir()
	write := func(uri string) {
		t.Helper()
		if err := os.WriteFile(dir+"/uri", []byte(uri+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(as("old", "0ld"))
	g := newGroup(t, place{uri: set.URI(), set: set}, enduring)
	g.env[0] = "UNDERSTUDY_REGISTRY_FILE=" + dir + "/uri"
	a := g.joinAll("a")[0]
	g.work(1)
	write(as("new", "n3w"))
	set.Admin(t, "dropUser", "old")
	g.kill(a)
	testkit.Until(t, "its term to end", func() bool { return g.reasons()[0] == registry.Crashed })
	g.join("b")
	g.work(2)
	g.conclude()
}

// A last will is carried out in /, but the paths of the configuration are relative to the
// directory that the instance was started in.
func TestLastWill_FindsRelativePaths(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	at := onSQLite(t)
	dir := filepath.Dir(at.path)
	if err := os.WriteFile(filepath.Join(dir, "uri"), []byte("sqlite:registry.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := p.start("a", []string{"UNDERSTUDY_REGISTRY_FILE=uri"}, nil, func(cmd *exec.Cmd) { cmd.Dir = dir })
	a.await("tick 1 of term 1")
	a.signal(unix.SIGKILL)
	a.exit()
	testkit.Until(t, "its term to end", func() bool {
		terms, instances := at.state(t, "default")
		return terms[0].End.Reason == registry.Crashed && len(instances) == 0
	})
	testkit.Until(t, "no process to be left", func() bool { return len(p.left()) == 0 })
}

// The end of the term takes as long as the registry needs, and not as long as T.
func TestLastWill_OnASlowRegistry(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, 1)
	g := newGroup(t, place{uri: set.URI(), set: set}, enduring)
	a := g.joinAll("a", "b")[0]
	g.workOf(1, 2)
	set.FailCommand(t, 4, "failCommands", bson.A{"update"}, "blockConnection", true, "blockTimeMS", 1000)
	killed := g.kill(a)
	next := g.work(2)
	t.Logf("taken over after %v", next.first-killed)
	if got := g.reasons()[1]; got != registry.Crashed {
		t.Errorf("term 1 ended as %q, want %q", got, registry.Crashed)
	}
	g.conclude()
}

// The peer that takes over runs again what the dead instance ran.
func TestLastWill_OfAnInstanceThatRunsJobs(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, registry.DefaultTiming)
		file := filepath.Join(g.dir, "jobs.yaml")
		text := "jobs:\n  long:\n    command: [" + g.command[0] + "]\n    interrupted: rerun\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := g.joinWith("a", []string{"--jobs", file})
		a.await("active in term 1")
		g.joinWith("b", []string{"--jobs", file}).await("standing by for")
		b := at.open(t)
		testkit.Until(t, "the job to be known", func() bool {
			known, err := b.Jobs().Jobs(t.Context(), "default")
			return err == nil && len(known) == 1
		})
		if code, _, stderr := g.outcome(g.env, []string{"trigger", "long"}); code != 0 {
			t.Fatalf("trigger: exit code %d: %s", code, stderr)
		}
		g.workOf(1, 2)
		killed := g.kill(a)
		next := g.work(2)
		t.Logf("the run runs again %v after the kill", next.first-killed)
		if got := g.reasons()[1]; got != registry.Crashed {
			t.Errorf("term 1 ended as %q, want %q", got, registry.Crashed)
		}
		list, err := readSpans(g.spans)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkSpans(list); err != nil {
			t.Error(err)
		}
		g.stop()
		g.checkProcesses()
	})
}
