package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestStatus_GroupsThatEndedDoNotCount(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		over := func(name string, end registry.End) {
			holder := uuid.Must(uuid.NewV7())
			s.begin(t, name, 1, holder, "gone")
			s.end(t, name, 1, holder, end)
		}
		all := func(code int, has, hasNot string, args ...string) {
			t.Helper()
			got, stdout, stderr := inProcess(append([]string{"status", "--all"}, args...)...)
			if got != code || stderr != "" || !strings.Contains(stdout, has) || hasNot != "" && strings.Contains(stdout, hasNot) {
				t.Errorf("%s: exit code %d, want %d and %q without %q in\n%s%s", args, got, code, has, hasNot, stdout, stderr)
			}
		}
		over("stopped", registry.End{Reason: registry.Stopped})
		all(exitcode.OK, "no group to show; 1 ended (shown with --ended)\n", "stopped:")
		all(exitcode.OK, "[]\n", "stopped", "--json")
		all(exitcode.OK, "stopped: ", "which", "--ended")

		s.begin(t, "well", 1, s.join(t, "well", "host"), "host")
		over("failed", registry.End{Reason: registry.WorkDone, ExitCode: 1})
		all(exitcode.OK, "1 group: 1 healthy, 0 not; 2 ended (shown with --ended)\n", "stopped")
		all(exitcode.OK, `"group": "well"`, "stopped", "--json")
		all(exitcode.OK, "3 groups: 1 healthy, 2 ended, 0 not\n", "which", "--ended")
		all(exitcode.OK, `"group": "stopped"`, "", "--ended", "--json")
		if code, stdout, _ := inProcess("status", "--group", "stopped"); code != exitcode.Failure || !strings.Contains(stdout, "was stopped") {
			t.Errorf("by itself: exit code %d\n%s", code, stdout)
		}

		// Nobody is there, and nobody saw it end.
		s.begin(t, "crashed", 1, uuid.Must(uuid.NewV7()), "gone")
		all(exitcode.Failure, "crashed: ", "stopped:")
	})
}

func TestEnded_IsFalseWhileSomebodyIsThere(t *testing.T) {
	at := time.Now()
	term := []status.Term{{Number: 1, From: at, To: at, Reason: registry.Stopped}}
	for name, g := range map[string]status.Group{
		"never had a term":     {},
		"somebody stands by":   {Terms: term, Instances: []status.Instance{{}}},
		"somebody is unread":   {Terms: term, Unread: "x"},
		"its term is open":     {Terms: []status.Term{{Number: 1, From: at}}},
		"its latest is, too":   {Terms: []status.Term{{Number: 2, From: at}, term[0]}},
		"active, with a story": {Healthy: true, Terms: term, Instances: []status.Instance{{Role: registry.Active}}},
	} {
		if ended(g) {
			t.Errorf("%s: over", name)
		}
	}
	if !ended(status.Group{Terms: term}) {
		t.Error("nobody is there after an end: not over")
	}
}

// With --watch, people see that a group has ended: it does not vanish.
func TestWatch_KeepsAGroupThatEnds(t *testing.T) {
	l := clientOf(fakeAdmin{}, new(bytes.Buffer))
	over := status.Group{Name: "a", Terms: []status.Term{{Number: 1, To: time.Now()}}}
	before := status.Group{Name: "b", Terms: over.Terms}
	if s := l.hideEnded(survey{groups: []status.Group{{Name: "a", Healthy: true}, before}}); len(s.groups) != 1 || s.hidden != 1 {
		t.Errorf("first: %+v", s)
	}
	if s := l.hideEnded(survey{groups: []status.Group{over, before}}); len(s.groups) != 1 || s.groups[0].Name != "a" || s.hidden != 1 {
		t.Errorf("then: %+v", s)
	}
}
