package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source returns that of an active instance in a group of five.
func source() Source {
	return Source{
		Group: "a/b", Version: "v1.2.3",
		State: func() State {
			return State{Term: 7, Lease: 1500 * time.Millisecond, LastBeat: time.UnixMilli(1_700_000_000_250)}
		},
		Snapshot: func(context.Context) (status.Group, error) {
			return status.Group{ClockAhead: -90500 * time.Millisecond, Instances: []status.Instance{
				{Role: registry.Active, Host: "host-of-nobody"},
				{Role: registry.Passive}, {Role: registry.Passive, HoldingOff: true},
				{Role: registry.Passive, Silent: true},
				{Role: "\xff\n\"", Host: "host-of-nobody"},
			}}, nil
		},
		Restarts: func() int64 { return 3 },
	}
}

// scraped returns the answer to a scrape, which must be well-formed. Any goroutine may
// call it.
func scraped(tb testing.TB, m *Metrics) string {
	tb.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		tb.Errorf("status %d: %s", w.Code, w.Body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	if _, err := parser.TextToMetricFamilies(bytes.NewReader(w.Body.Bytes())); err != nil {
		tb.Error(err)
	}
	return w.Body.String()
}

// ours returns the lines of a scrape whose names begin with understudy_ and then with one
// of the given names.
func ours(text string, names ...string) (lines []string) {
	for line := range strings.Lines(text) {
		for _, n := range names {
			if strings.HasPrefix(line, "understudy_"+n) {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	return lines
}

func TestScrape_ShowsAllMetrics(t *testing.T) {
	m := New(source())
	m.Beat(700*time.Microsecond, nil)
	m.Beat(3*time.Second, nil)
	m.Beat(10*time.Second, errors.New("no answer"))
	m.Orphan()
	m.Role("promoted")
	m.Role(registry.HandedOver)
	m.Role("promoted")
	m.Role("a reason of the future")
	m.Takeover("")
	m.Takeover(registry.Crashed)
	m.Takeover("a reason of the future")
	m.Takeover(registry.Crashed)
	want := []string{
		`understudy_active{group="a/b"} 1`,
		`understudy_beat_failures_total{group="a/b"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.0005"} 0`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.001"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.0025"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.005"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.01"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.025"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.05"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.1"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.25"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="0.5"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="1"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="2"} 1`,
		`understudy_beat_seconds_bucket{group="a/b",le="4"} 2`,
		`understudy_beat_seconds_bucket{group="a/b",le="8"} 2`,
		`understudy_beat_seconds_bucket{group="a/b",le="16"} 2`,
		`understudy_beat_seconds_bucket{group="a/b",le="+Inf"} 2`,
		`understudy_beat_seconds_sum{group="a/b"} 3.0007`,
		`understudy_beat_seconds_count{group="a/b"} 2`,
		`understudy_build_info{goversion="` + runtime.Version() + `",group="a/b",version="v1.2.3"} 1`,
		`understudy_instances{group="a/b",role="active"} 1`,
		`understudy_instances{group="a/b",role="passive"} 3`,
		`understudy_instances{group="a/b",role="silent"} 1`,
		`understudy_last_beat_timestamp_seconds{group="a/b"} 1.70000000025e+09`,
		`understudy_lease_remaining_seconds{group="a/b"} 1.5`,
		`understudy_orphans_deleted_total{group="a/b"} 1`,
		`understudy_registry_clock_ahead_seconds{group="a/b"} -90.5`,
		`understudy_takeovers_total{group="a/b",reason="crashed"} 2`,
		`understudy_takeovers_total{group="a/b",reason="handed over"} 0`,
		`understudy_takeovers_total{group="a/b",reason="lease lost"} 0`,
		`understudy_takeovers_total{group="a/b",reason="none"} 1`,
		`understudy_takeovers_total{group="a/b",reason="not ready"} 0`,
		`understudy_takeovers_total{group="a/b",reason="orphaned"} 0`,
		`understudy_takeovers_total{group="a/b",reason="other"} 1`,
		`understudy_takeovers_total{group="a/b",reason="registration gone"} 0`,
		`understudy_takeovers_total{group="a/b",reason="stopped"} 0`,
		`understudy_takeovers_total{group="a/b",reason="work done"} 0`,
		`understudy_takeovers_total{group="a/b",reason="work failed"} 0`,
		`understudy_term{group="a/b"} 7`,
		`understudy_transitions_total{group="a/b",reason="handed over"} 1`,
		`understudy_transitions_total{group="a/b",reason="lease lost"} 0`,
		`understudy_transitions_total{group="a/b",reason="not ready"} 0`,
		`understudy_transitions_total{group="a/b",reason="orphaned"} 0`,
		`understudy_transitions_total{group="a/b",reason="other"} 1`,
		`understudy_transitions_total{group="a/b",reason="promoted"} 2`,
		`understudy_transitions_total{group="a/b",reason="registration gone"} 0`,
		`understudy_transitions_total{group="a/b",reason="stopped"} 0`,
		`understudy_transitions_total{group="a/b",reason="work done"} 0`,
		`understudy_transitions_total{group="a/b",reason="work failed"} 0`,
		`understudy_work_restarts_total{group="a/b"} 3`,
	}
	text := scraped(t, m)
	if diff := cmp.Diff(want, ours(text, "")); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(text, "host-of-nobody") {
		t.Error("the name of a host became a label")
	}
	for _, name := range []string{"go_goroutines", "process_start_time_seconds"} {
		if runtime.GOOS == "linux" && !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
}

// A passive instance has the Lease that it would have if it were active.
func TestScrape_PassiveInstanceHasNoLease(t *testing.T) {
	s := source()
	s.State = func() State { return State{Lease: 40 * time.Second, LastBeat: time.Unix(1, 0)} }
	want := []string{`understudy_lease_remaining_seconds{group="a/b"} 0`}
	if diff := cmp.Diff(want, ours(scraped(t, New(s)), "lease")); diff != "" {
		t.Error(diff)
	}
}

func TestScrape_InstanceWithoutRegistration(t *testing.T) {
	s := source()
	s.State = func() State { return State{Lease: -time.Second} }
	want := []string{
		`understudy_active{group="a/b"} 0`,
		`understudy_last_beat_timestamp_seconds{group="a/b"} 0`,
		`understudy_lease_remaining_seconds{group="a/b"} 0`,
		`understudy_term{group="a/b"} 0`,
	}
	if diff := cmp.Diff(want, ours(scraped(t, New(s)), "active", "last_beat", "lease", "term")); diff != "" {
		t.Error(diff)
	}
}

func TestScrape_ReadsTheStateOnce(t *testing.T) {
	var n int64
	s := source()
	s.State = func() State {
		n++
		return State{Term: n, Lease: time.Duration(n) * time.Second, LastBeat: time.Unix(n, 0)}
	}
	m := New(s)
	for want := range 3 {
		for _, line := range ours(scraped(t, m), "term{", "lease", "last_beat") {
			if !strings.HasSuffix(line, fmt.Sprint("} ", want+1)) {
				t.Errorf("scrape %d: %s", want+1, line)
			}
		}
	}
}

func TestMetrics_CountWhileScraped(t *testing.T) {
	m := New(source())
	const each, by = 200, 4
	var wait sync.WaitGroup
	for range by {
		wait.Go(func() {
			for range each {
				m.Beat(time.Millisecond, nil)
				m.Beat(0, errors.New("no"))
				m.Role("promoted")
				m.Role("a reason that is not known")
				m.Orphan()
			}
		})
		wait.Go(func() {
			for range 5 {
				scraped(t, m)
			}
		})
	}
	wait.Wait()
	want := []string{
		`understudy_beat_failures_total{group="a/b"} 800`,
		`understudy_beat_seconds_count{group="a/b"} 800`,
		`understudy_orphans_deleted_total{group="a/b"} 800`,
		`understudy_transitions_total{group="a/b",reason="other"} 800`,
		`understudy_transitions_total{group="a/b",reason="promoted"} 800`,
	}
	got := ours(scraped(t, m), "beat_failures", "beat_seconds_count", "orphans", `transitions_total{group="a/b",reason="other"`, `transitions_total{group="a/b",reason="promoted"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDoc_NamesEachMetric(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(scraped(t, withJobs(&records{jobs: []store.Job{{Name: "report", Next: time.Unix(1, 0)}}, runs: []store.Run{completed("report", 1)}}, 7, "report"))) {
		if f := strings.Fields(line); f[0] == "#" && f[1] == "TYPE" && strings.HasPrefix(f[2], "understudy_") {
			if !bytes.Contains(doc, []byte("//\t"+f[2]+" ")) && !bytes.Contains(doc, []byte("//\t"+f[2]+"{")) {
				t.Errorf("doc.go does not describe %s", f[2])
			}
		}
	}
}
