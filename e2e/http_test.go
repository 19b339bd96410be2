//go:build linux

package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/status"
)

const anyPort = "UNDERSTUDY_HTTP_ADDR=127.0.0.1:0"

// get requests a path of a member's admin server.
func (ps *process) get(path string) (code int, body string) {
	ps.t.Helper()
	return ps.request(http.MethodGet, path, nil)
}

// request sends a request to a member's admin server.
func (ps *process) request(method, path string, header http.Header) (code int, body string) {
	ps.t.Helper()
	var base string
	testkit.Until(ps.t, ps.name+" to serve", func() bool {
		base = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(ps.read(ps.log))
		return base != ""
	})
	client := http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ps.t.Context(), method, base+path, nil)
	if err != nil {
		ps.t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := client.Do(req)
	if err != nil {
		ps.t.Fatalf("%s: %v", ps.name, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		ps.t.Fatalf("%s: %v", ps.name, err)
	}
	return resp.StatusCode, string(data)
}

// status returns the status code for a path.
func (ps *process) status(path string) int {
	code, _ := ps.get(path)
	return code
}

func TestHTTP_ProbesAndMetricsFollowTheGroup(t *testing.T) {
	both(t, func(t *testing.T, at place) {
		g := newGroup(t, at, enduring, anyPort, "UNDERSTUDY_LOG_LEVEL=debug")
		members := g.joinAll("a", "b", "c")
		for _, m := range members {
			if code := m.status("/healthz"); code != 200 {
				t.Errorf("%s: /healthz answers %d", m.name, code)
			}
			testkit.Until(t, m.name+" to be ready", func() bool { return m.status("/readyz") == 200 })
		}
		s := g.work(1)
		for term := int64(2); term <= 3; term++ {
			active := g.holder(s)
			for _, m := range members {
				if want := map[bool]int{true: 200, false: 503}[m == active]; m.running() && m.status("/activez") != want {
					t.Errorf("term %d: /activez of %s is not %d", s.term, m.name, want)
				}
			}
			if term == 2 {
				g.kill(active)
			} else {
				if _, text := active.get("/metrics"); !strings.Contains(text, `understudy_takeovers_total{group="default",reason="crashed"} 1`+"\n") {
					t.Errorf("the one that took over from one that was killed does not count that:\n%s", text)
				}
				active.signal(unix.SIGTERM)
			}
			s = g.work(term)
		}
		last := g.holder(s)
		testkit.Until(t, "/activez of the last", func() bool { return last.status("/activez") == 200 })
		var shown status.Group
		testkit.Until(t, "the last to be alone", func() bool {
			_, body := last.get("/status")
			shown = status.Group{}
			return json.Unmarshal([]byte(body), &shown) == nil && len(shown.Instances) == 1
		})
		if !shown.Healthy || shown.Term != 3 || len(shown.Terms) != 3 || shown.Instances[0].ID.String() != s.instance {
			t.Errorf("/status: %+v", shown)
		}
		_, text := last.get("/metrics")
		for _, want := range []string{
			`understudy_active{group="default"} 1`, `understudy_term{group="default"} 3`,
			`understudy_instances{group="default",role="active"} 1`, `understudy_transitions_total{group="default",reason="promoted"} 1`,
			`understudy_takeovers_total{group="default",reason="stopped"} 1`,
			`understudy_beat_failures_total{group="default"} [0-9]+`, `understudy_work_restarts_total{group="default"} 0`,
		} {
			if pattern := strings.NewReplacer("{", `\{`, "}", `\}`).Replace(want); !regexp.MustCompile("(?m)^" + pattern + "$").MatchString(text) {
				t.Errorf("no line %s in /metrics:\n%s", want, text)
			}
		}
		g.conclude()
	})
}

// outageAnswer bounds how long an answer may take during an outage, on a busy
// machine. The code waits for the registry no longer than status.ReadLimit.
const outageAnswer = 5 * status.ReadLimit

// TestHTTP_OutageFailsNoLivenessProbe makes sure that no orchestrator
// restarts every instance because the database is away.
func TestHTTP_OutageFailsNoLivenessProbe(t *testing.T) {
	bothAlone(t, func(t *testing.T, at place) {
		g := newGroup(t, at, quick, anyPort)
		members := g.joinAll("a", "b")
		mend := at.cut(t)
		begun := time.Now()
		testkit.Until(t, "both to be unready", func() bool {
			for _, m := range members {
				if code := m.status("/healthz"); code != 200 {
					t.Fatalf("%s: /healthz answers %d, %v after the registry went away", m.name, code, time.Since(begun))
				}
			}
			return members[0].status("/readyz") == 503 && members[1].status("/readyz") == 503
		})
		if code := members[0].status("/activez"); code != 503 {
			t.Errorf("/activez answers %d without a lease", code)
		}
		// A file that nobody can write to may still be read.
		statuses := []int{503}
		if at.path != "" {
			statuses = []int{200, 503}
		}
		for _, tt := range []struct {
			path  string
			codes []int
		}{{"/metrics", []int{200}}, {"/status", statuses}} {
			asked := time.Now()
			code, body := members[1].get(tt.path)
			took := time.Since(asked)
			if !slices.Contains(tt.codes, code) || took > outageAnswer {
				t.Errorf("%s answers %d after %v during the outage, want %v within %v:\n%s", tt.path, code, took, tt.codes, outageAnswer, body)
			}
			t.Logf("%s: %d after %v", tt.path, code, took)
			var answer struct{ Self map[string]any } // what the instance knows of itself
			if tt.path == "/status" && code == 503 && (json.Unmarshal([]byte(body), &answer) != nil || !strings.Contains(body, `"problem":"The registry `) ||
				answer.Self["forSeconds"] == nil || answer.Self["lastBeatAgeSeconds"] == nil || answer.Self["leaseSeconds"] != nil) {
				t.Errorf("%s during the outage answers %s", tt.path, body)
			}
		}
		if code := members[1].status("/healthz"); code != 200 {
			t.Errorf("/healthz answers %d", code)
		}
		mend()
		testkit.Until(t, "both to be ready again", func() bool {
			return members[0].status("/readyz") == 200 && members[1].status("/readyz") == 200
		})
		g.conclude()
	})
}

func TestHTTP_AddressInUseIsReportedBeforeRegistering(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at, p := onSQLite(t), newProgram(t)
	code, _, stderr := p.outcome([]string{"UNDERSTUDY_REGISTRY=" + at.uri, "UNDERSTUDY_HTTP_ADDR=" + taken.Addr().String()}, nil)
	if code != exitFailure || !strings.Contains(stderr, "UNDERSTUDY_HTTP_ADDR") || !strings.Contains(stderr, "address already in use") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if terms, instances := at.state(t, "default"); len(terms) > 0 || len(instances) > 0 {
		t.Errorf("registered anyway: %v, %v", terms, instances)
	}
}
