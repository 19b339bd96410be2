package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestHistory_ShowsTermsAndGaps(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		code, stdout, stderr := inProcess("history")
		if code != exitcode.OK || stdout != "" || !strings.Contains(stderr, "group default never had a term\n") {
			t.Errorf("nobody ever: exit code %d, %q, %q", code, stdout, stderr)
		}
		a, b := s.join(t, "default", "a"), s.join(t, "default", "b")
		s.begin(t, "default", 1, a, "a")
		s.end(t, "default", 1, a, registry.End{Reason: registry.Orphaned})
		s.begin(t, "default", 2, b, "b")
		s.end(t, "default", 2, b, registry.End{Reason: registry.WorkDone, ExitCode: 3})
		s.begin(t, "default", 3, a, "a")

		code, stdout, stderr = inProcess("history")
		if code != exitcode.OK || stderr != "" {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if len(lines) != 4 {
			t.Fatalf("%d lines:\n%s", len(lines), stdout)
		}
		for i, want := range [][]string{
			{"TERM", "HOLDER", "FROM", "TO", "LENGTH", "ENDED", "GAP"},
			{"   3  a/" + registry.ShortID(a), "  now  ", "–"},
			{"   2  b/" + registry.ShortID(b), "  work done, exit code 3  "},
			{"   1  a/" + registry.ShortID(a), "  ≤ ", "  orphaned  ", "unknown"},
		} {
			for _, part := range want {
				if !strings.Contains(lines[i], part) {
					t.Errorf("line %d: want %q in %q", i+1, part, lines[i])
				}
			}
		}

		if _, stdout, _ = inProcess("history", "-n", "2"); strings.Count(stdout, "\n") != 3 || strings.Contains(stdout, "orphaned") {
			t.Errorf("-n 2:\n%s", stdout)
		}
		var terms []status.Term
		_, stdout, _ = inProcess("history", "--json", "-n2")
		if err := json.Unmarshal([]byte(stdout), &terms); err != nil || len(terms) != 2 || terms[1].ExitCode != 3 || terms[1].Gap == nil || terms[0].Gap != nil {
			t.Errorf("%v\n%s", err, stdout)
		}
		if _, stdout, _ = inProcess("history", "--json"); strings.Count(stdout, `"lengthAtMost": true`) != 1 || strings.Count(stdout, `"gapSeconds": `) != 1 {
			t.Errorf("want one length that is a bound, and one gap:\n%s", stdout)
		}
	})
}

// damagedTerms is a registry in which one term, which is not the latest, cannot be read.
type damagedTerms struct{ fakeAdmin }

func (f damagedTerms) Terms(ctx context.Context, group string, n int) ([]registry.Term, error) {
	list, err := f.fakeAdmin.Terms(ctx, group, n)
	if err == nil && n > 1 {
		err = fmt.Errorf("terms: %w: term 2 of group \"g\": holder is \x1b", registry.ErrCorrupt)
	}
	return list, err
}

func TestHistory_TermThatCannotBeReadHidesNoOther(t *testing.T) {
	now := time.Now()
	a := memberOf(1, "a", now)
	terms := []registry.Term{
		{Number: 3, Holder: a.ID, Host: "a", StartedAt: now.Add(-time.Minute)},
		{Number: 1, Holder: a.ID, Host: "a", StartedAt: now.Add(-time.Hour), EndedAt: now.Add(-30 * time.Minute), End: registry.End{Reason: registry.Stopped}},
	}
	var stderr, out bytes.Buffer
	l := clientOf(fakeAdmin{}, &stderr)
	l.admin = damagedTerms{fakeAdmin{read: func(context.Context) ([]registry.Term, []registry.Instance, error) {
		return terms, []registry.Instance{a, memberOf(2, "b", now)}, nil
	}}}
	if err := l.history(t.Context(), &out, 20, false); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 4 || !strings.HasSuffix(lines[2], "  stopped  unknown") {
		t.Errorf("history:\n%s", out.String())
	}
	testkit.WantLine(t, stderr.String(), `understudy: a record cannot be read: terms: corrupt record: term 2 of group "g": holder is \x1b`)

	s, err := l.survey(t.Context(), false)
	if err != nil || !s.healthy() || len(s.groups[0].Terms) != 2 || !strings.HasPrefix(s.groups[0].Health, "1 active, 1 passive; a record cannot be read: terms: ") {
		t.Errorf("status: %v, %+v", err, s.groups)
	}
}

func TestStatus_IgnoresAnOldTermThatCannotBeRead(t *testing.T) {
	eachBackend(t, func(t *testing.T, s testRegistry) {
		testkit.CleanEnv(t, "UNDERSTUDY_REGISTRY="+s.uri)
		a := s.join(t, "default", "a")
		s.join(t, "default", "b")
		for number := range int64(3) {
			s.begin(t, "default", number+1, a, "a")
			if number < 2 {
				s.end(t, "default", number+1, a, registry.End{Reason: registry.Orphaned, Silence: time.Minute})
			}
		}
		s.spoilTo(t, "default", 1)
		code, stdout, stderr := inProcess("status")
		if code != exitcode.OK || stderr != "" || !strings.HasPrefix(stdout, "default: 1 active, 1 passive; a record cannot be read: ") {
			t.Errorf("status: exit code %d, %q, %q", code, stdout, stderr)
		}
		code, stdout, stderr = inProcess("history")
		if lines := strings.Split(stdout, "\n"); code != exitcode.OK || len(lines) != 4 || !strings.Contains(lines[2], "  orphaned  ≤ ") {
			t.Errorf("history: exit code %d\n%s", code, stdout)
		}
		testkit.WantLine(t, stderr, "understudy: a record cannot be read: ", "schema is")
		if g, err := status.Observe(t.Context(), s, "default", 20); err != nil || len(g.Terms) != 2 || g.Terms[1].GapAtMost == nil || !strings.Contains(g.Unread, "schema is") {
			t.Errorf("page: %v, %+v", err, g)
		}
		s.spoilTo(t, "default", 3)
		for _, command := range []string{"status", "history", "handover"} {
			code, stdout, stderr := inProcess(command)
			if code != exitcode.Unavailable || stdout != "" {
				t.Errorf("%s without the latest term: exit code %d, %q, want %d", command, code, stdout, exitcode.Unavailable)
			}
			testkit.WantLine(t, stderr, "understudy: ", "corrupt record")
		}
	})
}

func TestHistory_BoundsTheGapAfterAnOrphan(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	a := memberOf(1, "a", now)
	g := lookAt(t, []registry.Term{
		{Number: 2, Holder: a.ID, Host: "a", StartedAt: now},
		{Number: 1, Holder: a.ID, Host: "a", StartedAt: now.Add(-time.Hour), EndedAt: now, End: registry.End{Reason: registry.Orphaned, Silence: 61 * time.Second}},
	}, nil)
	if text := plain(showTerms(g.Terms, now, 0)); !strings.Contains(text, "  ≤ 1h00m  orphaned  ≤ 1m01s\n") {
		t.Error(text)
	}
}
