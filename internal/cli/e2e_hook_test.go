//go:build linux

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
)

// script writes a program for UNDERSTUDY_ON_CHANGE into a directory of its own.
func script(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// hooked is what a hook wrote down, a line a run.
func hooked(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func TestHookHearsOfEveryChangeOfRole(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		file := filepath.Join(t.TempDir(), "changes")
		path := script(t, `echo "$UNDERSTUDY_HOST $UNDERSTUDY_GROUP $UNDERSTUDY_INSTANCE: $UNDERSTUDY_OLD_ROLE to $UNDERSTUDY_NEW_ROLE,`+
			` term $UNDERSTUDY_TERM, $UNDERSTUDY_REASON ($*)$UNDERSTUDY_REGISTRY$NOTIFY_SOCKET" >>`+file+"\necho said by a hook")
		g := newGroup(t, at, quick, "UNDERSTUDY_ON_CHANGE="+path+"  one  two")
		members := g.joinAll("a", "b")
		s := g.work(1)
		members[0].signal(unix.SIGTERM)
		next := g.work(2)
		members[0].exit()
		g.conclude() // with nothing of a hook's in the work's output
		if n := members[0].logs("said by a hook\n"); n != 2 {
			t.Errorf("what a hook said is in the log %d times, want 2", n)
		}
		var want []string
		for _, of := range []struct {
			host string
			span
		}{{"a", s}, {"b", next}} {
			who := of.host + " default " + of.instance
			want = append(want,
				fmt.Sprintf("%s: passive to active, term %d, promoted (one two)", who, of.term),
				fmt.Sprintf("%s: active to passive, term %d, stopped (one two)", who, of.term))
		}
		// What one tells of its end and the other of its beginning come in any order.
		got := hooked(t, file)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the hook heard\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// The work, the release and the peer's promotion wait for no hook; the end of
// the process does, until a signal says otherwise.
func TestHangingHookDelaysNoTakeover(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	// What it starts has left its process group and its session.
	path := script(t, `echo "$UNDERSTUDY_HOST $UNDERSTUDY_NEW_ROLE" >>`+started+"\ntrap '' TERM\nsetsid sleep 1000 &\nsleep 1000")
	g := newGroup(t, onSQLite(t), quick, "escapee=", "UNDERSTUDY_ON_CHANGE="+path)
	members := g.joinAll("a", "b")
	until(t, "a's hook", func() bool { return slices.Contains(hooked(t, started), "a active") })
	told := boottime.Now()
	members[0].signal(unix.SIGTERM)
	took := g.work(2).first - told
	t.Logf("taken over after %v", took)
	if took > hookLimit/2 {
		t.Errorf("taken over after %v: it waited for the hook", took)
	}
	// One more signal is enough.
	once := func(m *process) {
		m.await("left")
		if !m.running() {
			t.Errorf("%s ended without waiting for its hook", m.name)
		}
		told := boottime.Now()
		m.signalAgain(unix.SIGTERM)
		if m.exit(); boottime.Now()-told > hookLimit/2 {
			t.Errorf("%s ended %v after the second signal", m.name, boottime.Now()-told)
		}
	}
	once(members[0])
	until(t, "b's hook", func() bool { return slices.Contains(hooked(t, started), "b active") })
	members[1].signal(unix.SIGTERM)
	once(members[1])
	g.conclude() // nothing is left of them, the hooks included
}

func TestHookDiesWithItsInstance(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	path := script(t, "echo \"$UNDERSTUDY_HOST\" >>"+started+"\ntrap '' TERM\nsetsid sleep 1000 &\nsleep 1000")
	g := newGroup(t, onSQLite(t), quick, "escapee=", "UNDERSTUDY_ON_CHANGE="+path)
	a := g.joinAll("a")[0]
	until(t, "the hook", func() bool { return slices.Contains(hooked(t, started), "a") })
	g.kill(a)
	until(t, "its processes to be gone", func() bool { return len(g.left()) == 0 })
}

func TestHookThatCannotRunIsBadConfiguration(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{filepath.Join(dir, "none"), "understudy-no-such-command", plain, dir} {
		settle(t, "UNDERSTUDY_REGISTRY=sqlite:"+filepath.Join(dir, "registry.db"), "UNDERSTUDY_ON_CHANGE="+program+" arg")
		code, stdout, stderr := inProcess("--", "true")
		if code != exitConfig || stdout != "" {
			t.Errorf("%s: exit code %d, stdout %q, want %d and nothing", program, code, stdout, exitConfig)
		}
		wantLine(t, stderr, "understudy: UNDERSTUDY_ON_CHANGE=", program, "want a program that can be executed")
	}
	if _, err := os.Stat(filepath.Join(dir, "registry.db")); err == nil {
		t.Error("it touched the registry first")
	}
}

// BenchmarkGracefulTakeoverWithHook measures as BenchmarkGracefulTakeover does,
// by turns in a group without a hook and in one with.
func BenchmarkGracefulTakeoverWithHook(b *testing.B) {
	type side struct {
		*group
		active *process
		took   []time.Duration
	}
	var sides []*side
	for _, env := range []string{"", "UNDERSTUDY_ON_CHANGE=" + script(b, "exit 0")} {
		g := newGroup(b, onSQLite(b), quick, "escapee=", env)
		sides = append(sides, &side{group: g, active: g.joinAll("0", "1")[0]})
	}
	for term := int64(1); b.Loop(); term++ {
		for _, s := range sides {
			told := boottime.Now()
			s.active.signal(unix.SIGTERM)
			next := s.work(term + 1)
			s.took = append(s.took, next.first-told)
			s.active.exit()
			s.active = s.holder(next)
			s.join(fmt.Sprint(term + 1)).await("standing by for")
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, name := range []string{"without", "with"} {
		sides[i].conclude()
		took := sides[i].took
		slices.Sort(took)
		b.ReportMetric(milliseconds(took[len(took)/2]), "ms-median-"+name)
		b.ReportMetric(milliseconds(took[len(took)*9/10]), "ms-p90-"+name)
	}
}
