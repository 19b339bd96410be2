//go:build linux

package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/uuid"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// handover runs understudy handover. It has to end with the code, and its output has to
// contain both texts.
func (g *group) handover(code int, stdout, stderr string, args ...string) string {
	g.t.Helper()
	got, out, log := g.outcome([]string{"UNDERSTUDY_REGISTRY=" + g.at.uri}, append([]string{"handover"}, args...))
	if got != code || !strings.Contains(out, stdout) || stdout == "" && out != "" || !strings.Contains(log, stderr) {
		g.t.Errorf("handover %v: exit code %d, want %d; stdout, want %q:\n%s\nstderr, want %q:\n%s", args, got, code, stdout, out, stderr, log)
	}
	return out
}

// handoverResult is what handover --json shows.
type handoverResult struct {
	From   party
	Wanted *party
	Asked  bool
	Next   *struct {
		party
		Term  int64
		After status.Seconds `json:"afterSeconds"`
	}
	Error string
}

type party struct {
	Instance uuid.UUID
	Host     string
}

func TestHandover_GoesToTheInstanceThatIsWanted(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, leisurely)
		a := g.joinAll("a")[0]
		g.handover(exitFailure, "", "nobody else is there to take over: start another instance")
		b := g.join("b")
		b.await("standing by for")
		c := g.join("c")
		c.await("standing by for")

		g.handover(exitOK, " is active in term 2 after ", "", "--wait")
		if s := g.work(2); g.holder(s) != b {
			t.Errorf("term 2 is %s's, want that of b, the senior", g.holder(s).name)
		}
		g.handover(exitOK, "is active in term 3", "", "--wait", "--to", "c")
		s := g.work(3)
		if g.holder(s) != c {
			t.Errorf("term 3 is %s's, want c's", g.holder(s).name)
		}
		g.handover(exitOK, "c/"+s.instance[30:]+" is the active one already, in term 3\n", "", "--to", s.instance)
		g.handover(exitFailure, "", "no instance is called \"nobody\"", "--to", "nobody", "--force")
		out := g.handover(exitOK, `"term": 3`, "", "--to", g.work(1).instance[28:], "--wait", "--json")
		var r handoverResult
		if err := json.Unmarshal([]byte(out), &r); err != nil || r.From.Host != "c" || r.Wanted == nil || r.Wanted.Host != "a" ||
			r.Next == nil || r.Next.Host != "a" || r.Next.Term != 4 || r.Next.After <= 0 || r.Next.After > status.Seconds(testkit.Patience) {
			t.Errorf("got %+v, %v", r, err)
		}
		if s := g.work(4); g.holder(s) != a {
			t.Errorf("term 4 is %s's, want a's", g.holder(s).name)
		}
		g.handover(exitOK, "to hand over term 4; add --wait to wait for the next active one\n", "", "--to", "b")
		g.work(5)
		terms, _ := at.state(t, "default")
		for _, term := range terms[1:] { // before anybody is stopped, whose term a peer may take
			if term.End.Reason != registry.HandedOver {
				t.Errorf("term %d ended because %q", term.Number, term.End.Reason)
			}
		}
		g.conclude()
	})
}

func TestHandover_FailsWhileTheActiveInstanceIsFrozen(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		timing := registry.Timing{Interval: time.Second, OrphanAfter: 30 * time.Second, StopGrace: time.Second}
		g := newGroup(t, at, timing)
		members := g.joinAll("a", "b")
		g.freeze(members[0])
		begun := time.Now()
		g.handover(exitFailure, "to hand over term 1", "did not react within", "--wait")
		if took := time.Since(begun); took > timing.OrphanAfter {
			t.Errorf("it waited %v for a request that expires after %v", took, timing.Overdue())
		}
		g.handover(exitFailure, "", "would read the request: no beat from a/", "--force")
		g.kill(members[0])
		g.work(2)
		g.conclude()
	})
}

func TestHandover_ByForceWithoutPeers(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), quick)
	a := g.joinAll("a")[0]
	out := g.handover(exitFailure, `"term": 2`, "nobody works for up to 8.0s", "--force", "--wait", "--json")
	var r handoverResult
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Next == nil || r.Next.Instance != r.From.Instance || r.Next.After < status.Seconds(quick.OrphanAfter) {
		t.Errorf("got %+v, %v, want that the same one is active again, after %v or more", r, err, quick.OrphanAfter)
	}
	if g.holder(g.work(2)) != a || !strings.Contains(a.read(a.log), "asked to hand over") {
		t.Error("it did not step down, or not for long")
	}
	g.conclude()
}

func TestHandover_InterruptedRequestStands(t *testing.T) {
	t.Parallel()
	g := newGroup(t, onSQLite(t), enduring)
	g.joinAll("a")
	impatient := g.start("impatient", []string{"UNDERSTUDY_REGISTRY=" + g.at.uri}, []string{"handover", "--force", "--wait", "--json"})
	impatient.await("stepped down, nobody has taken over yet")
	impatient.signal(unix.SIGINT)
	const want = `interrupt: the request stands: a/\w+ stepped down, nobody has taken over yet; understudy status shows who is active`
	code, out, log := impatient.exit(), impatient.read(impatient.out), impatient.read(impatient.log)
	if code != exitSignal+int(unix.SIGINT) || !regexp.MustCompile("(?m)^understudy: "+want+"$").MatchString(log) {
		t.Errorf("exit code %d: %s", code, log)
	}
	var r handoverResult
	if err := json.Unmarshal([]byte(out), &r); err != nil || !r.Asked || !regexp.MustCompile("^"+want+"$").MatchString(r.Error) {
		t.Errorf("%v: %s", err, out)
	}
	if b := g.join("b"); g.holder(g.work(2)) != b {
		t.Error("b did not take over")
	}
	g.conclude()
}
