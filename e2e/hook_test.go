//go:build linux

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
)

// hookLimit is how long one run of a hook may take, and how long the end of an
// instance may wait for its hooks.
const hookLimit = 10 * time.Second

func TestHook_RunsAtEveryChangeOfRole(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		file := filepath.Join(t.TempDir(), "changes")
		path := testkit.Script(t, `echo "$UNDERSTUDY_HOST $UNDERSTUDY_GROUP $UNDERSTUDY_INSTANCE: $UNDERSTUDY_OLD_ROLE to $UNDERSTUDY_NEW_ROLE,`+
			` term $UNDERSTUDY_TERM, $UNDERSTUDY_REASON after <$UNDERSTUDY_PREVIOUS_REASON> ($*)$UNDERSTUDY_REGISTRY$NOTIFY_SOCKET" >>`+file+"\necho output of the hook")
		g := newGroup(t, at, enduring, "UNDERSTUDY_ON_CHANGE="+path+"  one  two")
		members := g.joinAll("a", "b")
		s := g.work(1)
		members[0].signal(unix.SIGTERM)
		next := g.work(2)
		members[0].exit()
		g.conclude() // it checks that the output of the work has nothing of the hook's in it
		if n := members[0].logs("output of the hook\n"); n != 2 {
			t.Errorf("the output of the hook is in the log %d times, want 2", n)
		}
		var want []string
		for _, of := range []struct {
			host     string
			previous registry.Reason
			span
		}{{"a", "", s}, {"b", registry.Stopped, next}} {
			who := of.host + " default " + of.instance
			want = append(want,
				fmt.Sprintf("%s: passive to active, term %d, promoted after <%s> (one two)", who, of.term, of.previous),
				fmt.Sprintf("%s: active to passive, term %d, stopped after <> (one two)", who, of.term))
		}
		// The two instances run their hooks independently, so the lines may come in any
		// order.
		got := testkit.FileLines(t, file)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the hook was run for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestHook_KnowsThatTheInstanceBeforeHasCrashed(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		file := filepath.Join(t.TempDir(), "changes")
		path := testkit.Script(t, `echo "$UNDERSTUDY_HOST $UNDERSTUDY_NEW_ROLE after $UNDERSTUDY_PREVIOUS_REASON" >>`+file)
		g := newGroup(t, at, enduring, "UNDERSTUDY_ON_CHANGE="+path)
		g.kill(g.joinAll("a", "b")[0])
		g.work(2)
		testkit.Until(t, "b's hook", func() bool { return slices.Contains(testkit.FileLines(t, file), "b active after crashed") })
		g.conclude()
	})
}

// The end of the work, the end of the term and the promotion of the peer wait for no
// hook. Only the end of the process waits, until it gets another signal.
func TestHook_ThatHangsDelaysNoTakeover(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	// The child of this hook has left its process group and its session.
	path := testkit.Script(t, `echo "$UNDERSTUDY_HOST $UNDERSTUDY_NEW_ROLE" >>`+started+"\ntrap '' TERM\nsetsid sleep 1000 &\nsleep 1000")
	g := newGroup(t, onSQLite(t), enduring, "escapee=", "UNDERSTUDY_ON_CHANGE="+path)
	members := g.joinAll("a", "b")
	testkit.Until(t, "a's hook", func() bool { return slices.Contains(testkit.FileLines(t, started), "a active") })
	sent := boottime.Now()
	members[0].signal(unix.SIGTERM)
	took := g.work(2).first - sent
	t.Logf("taken over after %v", took)
	if took > hookLimit/2 {
		t.Errorf("taken over after %v: it waited for the hook", took)
	}
	// One more signal ends the wait.
	endsAfterOneMore := func(m *process) {
		m.await("left")
		if !m.running() {
			t.Errorf("%s ended without waiting for its hook", m.name)
		}
		sent := boottime.Now()
		m.signalAgain(unix.SIGTERM)
		if m.exit(); boottime.Now()-sent > hookLimit/2 {
			t.Errorf("%s ended %v after the second signal", m.name, boottime.Now()-sent)
		}
	}
	endsAfterOneMore(members[0])
	testkit.Until(t, "b's hook", func() bool { return slices.Contains(testkit.FileLines(t, started), "b active") })
	members[1].signal(unix.SIGTERM)
	endsAfterOneMore(members[1])
	g.conclude() // it checks that no process is left, of the hooks neither
}

func TestHook_DiesWithItsInstance(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	path := testkit.Script(t, "echo \"$UNDERSTUDY_HOST\" >>"+started+"\ntrap '' TERM\nsetsid sleep 1000 &\nsleep 1000")
	g := newGroup(t, onSQLite(t), enduring, "escapee=", "UNDERSTUDY_ON_CHANGE="+path)
	a := g.joinAll("a")[0]
	testkit.Until(t, "the hook", func() bool { return slices.Contains(testkit.FileLines(t, started), "a") })
	g.kill(a)
	testkit.Until(t, "its processes to be gone", func() bool { return len(g.left()) == 0 })
}
