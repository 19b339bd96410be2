package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-go/understudy/checks/part"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/metrics"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// group is the group of the instance whose metrics are exported.
const group = "reports"

// exported returns the samples that an instance really exports, without those of the Go
// runtime and the process.
func exported() (samples []string) {
	for line := range strings.Lines(scrape().String()) {
		if strings.HasPrefix(line, "understudy_") {
			samples = append(samples, line[:strings.LastIndex(line, " ")])
		}
	}
	return samples
}

// scrape returns what an instance really answers.
func scrape() *bytes.Buffer {
	now := time.Unix(1_800_000_000, 0)
	m := metrics.New(metrics.Source{
		Group: group, Version: "v1.2.3",
		State: func() metrics.State { return metrics.State{Term: 1} },
		Snapshot: func(context.Context) (status.Group, error) {
			return status.Group{Instances: []status.Instance{{Role: registry.Active}}}, nil
		},
		Restarts: func() int64 { return 0 },
		Jobs: func(context.Context) (metrics.JobsState, error) {
			return metrics.JobsState{Term: 1, At: now, Jobs: map[string]metrics.JobState{"report": {Next: now}}}, nil
		},
	})
	m.DefineJobs([]string{"report"})
	run := store.Run{
		Key: store.Key{Group: group, Job: "report", Run: "1"}, Trigger: store.BySchedule, State: store.Completed, Due: now, EndedAt: now,
		Attempts: []store.Attempt{{From: now, To: now, End: store.AttemptCompleted}},
	}
	m.RunStarted(run)
	m.RunEnded(run)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body
}

// dashboard is the part of a Grafana dashboard that these tests check.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct {
		List []struct{ Name, Type string }
	}
	Panels []struct {
		ID         int
		Title      string
		Datasource struct{ UID string }
		GridPos    struct{ X, Y, W, H int }
		Targets    []struct{ Expr string }
	}
}

func grafana(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal(part.File(t, "deploy/grafana.json"), &d); err != nil {
		t.Fatalf("deploy/grafana.json: %v", err)
	}
	return d
}

// expressions returns those of the dashboard, with its variables filled in.
func expressions(t *testing.T) (list []string) {
	t.Helper()
	fill := strings.NewReplacer("$group", group, "$__rate_interval", "1m", "$__interval", "1m")
	for _, p := range grafana(t).Panels {
		for _, target := range p.Targets {
			list = append(list, fill.Replace(target.Expr))
		}
	}
	if len(list) < 20 {
		t.Fatalf("%d expressions in deploy/grafana.json", len(list))
	}
	return list
}

func TestDashboard_IsSelfContained(t *testing.T) {
	t.Parallel()
	d := grafana(t)
	variables := map[string]string{}
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
	}
	if variables["datasource"] != "datasource" || variables["group"] != "query" {
		t.Errorf("variables are %v, want the data source and the group", variables)
	}
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 {
		t.Errorf("UID %q, title %q, schema %d", d.UID, d.Title, d.SchemaVersion)
	}
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %d, %q: want a title, an ID of its own, the variable data source, and a query", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q overlaps %q or the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	for _, e := range expressions(t) {
		if strings.Contains(e, "$") || !strings.Contains(e, `group="`+group+`"`) {
			t.Errorf("%s: want no other variable, and the group", e)
		}
	}
}

func TestDashboard_NamesOnlyExportedMetrics(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range exported() {
		name, _, _ := strings.Cut(s, "{")
		names = append(names, name)
	}
	for _, file := range []string{"deploy/alerts.yaml", "deploy/alerts_test.yaml", "deploy/grafana.json"} {
		for _, name := range regexp.MustCompile(`\bunderstudy_\w+`).FindAllString(string(part.File(t, file)), -1) {
			if !slices.Contains(names, name) {
				t.Errorf("%s names %s, which no instance exports", file, name)
			}
		}
	}
}

// Each expression becomes an alert that fires if the expression has no value. The last
// alert is a control that has to fire.
func TestDashboard_EachPanelShowsExportedSamples(t *testing.T) {
	t.Parallel()
	var rules, tests strings.Builder
	rules.WriteString("groups:\n  - name: panels\n    rules:\n")
	tests.WriteString("rule_files: [rules.yaml]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n")
	for _, s := range exported() {
		fmt.Fprintf(&tests, "      - {series: '%s', values: 1+1x20}\n", strings.Replace(s, "{", `{instance="a",`, 1))
	}
	tests.WriteString("    alert_rule_test:\n")
	add := func(name, expr, alerts string) {
		fmt.Fprintf(&rules, "      - alert: %s\n        expr: >-\n          absent(%s)\n", name, expr)
		fmt.Fprintf(&tests, "      - {eval_time: 4m, alertname: %s, exp_alerts: [%s]}\n", name, alerts)
	}
	for i, e := range expressions(t) {
		add(fmt.Sprint("Empty", i), e, "")
	}
	add("Control", "vector(1) > 1", "{}")
	dir := t.TempDir()
	for name, text := range map[string]string{"rules.yaml": rules.String(), "tests.yaml": tests.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, dir, "check", "rules", "rules.yaml")
	promtool(t, dir, "test", "rules", "tests.yaml")
}
