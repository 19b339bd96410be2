package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestHistory(t *testing.T) {
	eachShelf(t, func(t *testing.T, s shelf) {
		settle(t, "UNDERSTUDY_REGISTRY="+s.uri)
		code, stdout, stderr := inProcess("history")
		if code != exitOK || stdout != "" || !strings.Contains(stderr, "group default never had a term\n") {
			t.Errorf("nobody ever: exit code %d, %q, %q", code, stdout, stderr)
		}
		a, b := s.join(t, "default", "a"), s.join(t, "default", "b")
		s.begin(t, "default", 1, a, "a")
		s.end(t, "default", 1, a, registry.End{Reason: registry.Orphaned})
		s.begin(t, "default", 2, b, "b")
		s.end(t, "default", 2, b, registry.End{Reason: registry.WorkDone, ExitCode: 3})
		s.begin(t, "default", 3, a, "a")

		code, stdout, stderr = inProcess("history")
		if code != exitOK || stderr != "" {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if len(lines) != 4 {
			t.Fatalf("%d lines:\n%s", len(lines), stdout)
		}
		for i, want := range [][]string{
			{"TERM", "HOLDER", "FROM", "TO", "LENGTH", "ENDED", "GAP"},
			{"   3  a/" + status.Short(a), "  now  ", "–"},
			{"   2  b/" + status.Short(b), "  work done, exit code 3  "},
			{"   1  a/" + status.Short(a), "  ≤ ", "  orphaned  ", "unknown"},
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
