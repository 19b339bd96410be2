package metrics_test

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/metrics"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
	"github.com/understudy-go/understudy/status"
)

// An instance runs a job that completes and one that fails. Its successor, whose runs do
// not end, knows from the records when the job completed last.
func TestMetrics_OfRealJobsOverATakeover(t *testing.T) {
	defer goleak.VerifyNone(t)
	path := filepath.Join(t.TempDir(), "r.db")
	value := func(text, series string) string {
		found := regexp.MustCompile(`(?m)^understudy_` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
		if found == nil {
			return ""
		}
		return found[1]
	}
	const (
		success   = `job_last_success_timestamp_seconds{group="g",job="good"}`
		next      = `job_next_timestamp_seconds{group="g",job="good"}`
		completed = `job_runs_total{group="g",job="good",status="completed",trigger="schedule"}`
		failed    = `job_runs_total{group="g",job="bad",status="failed",trigger="schedule"}`
		failure   = `job_last_success_timestamp_seconds{group="g",job="bad"}`
		started   = `job_start_delay_seconds_count{group="g"}`
	)
	first := startInstance(t, path, false)
	testkit.Until(t, "both jobs have ended", func() bool {
		text := first.scrape()
		return value(text, completed) >= "1" && value(text, failed) >= "1" && value(text, success) != "" && value(text, next) != ""
	})
	first.stop(t)
	last := first.scrape() // it is passive
	if value(last, success) != "" || value(last, next) != "" || value(last, completed) == "" {
		t.Errorf("a passive instance shows:\n%s", last)
	}
	second := startInstance(t, path, true)
	testkit.Until(t, "the successor has started runs, and shows the last success", func() bool {
		text := second.scrape()
		return value(text, started) >= "1" && value(text, success) != "" && value(text, next) != ""
	})
	text := second.scrape()
	if value(text, completed) != "0" || value(text, failure) != "" {
		t.Errorf("the successor shows:\n%s", text)
	}
	second.stop(t)
}

// instance runs jobs, and tells its metrics of them.
type instance struct {
	metrics *metrics.Metrics
	lookout *status.Lookout[metrics.JobsState]
	cancel  context.CancelFunc
	done    chan error
	close   func()
}

// startInstance starts an instance. Its runs end only when they are told to, if they hang.
func startInstance(t *testing.T, path string, hang bool) *instance {
	t.Helper()
	reg, err := sqlite.Open(t.Context(), path, sqlite.Options{OrphanAfter: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	in := &instance{done: make(chan error, 1)}
	timing := registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: 10 * time.Second, StopGrace: time.Second}
	var member *heartbeat.Member
	state := func() metrics.State { return metrics.State{Term: member.State().Term} }
	in.lookout = status.NewLookout(0, func(ctx context.Context) (metrics.JobsState, error) {
		return in.metrics.ReadJobs(ctx, reg.Jobs(), state().Term, time.Now())
	})
	in.metrics = metrics.New(metrics.Source{
		Group: "g", Version: "v1", State: state, Restarts: func() int64 { return 0 },
		Snapshot: func(ctx context.Context) (status.Group, error) { return status.Observe(ctx, reg, "g", 1) },
		Jobs:     in.lookout.Snapshot,
	})
	list := []scheduler.Job{}
	for name, end := range map[string]store.AttemptEnd{"good": store.AttemptCompleted, "bad": store.AttemptFailed} {
		d := jobs.Definition{Name: name, Schedules: []string{"@every 1s"}}.WithDefaults(timing.OrphanAfter, timing.StopGrace)
		table, err := d.Timetable("g")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, scheduler.Job{Definition: d, Next: table.Next, Execute: func(ctx context.Context, _ store.Run) scheduler.Result {
			in.metrics.RunsActive(1)
			defer in.metrics.RunsActive(-1)
			if hang {
				<-ctx.Done()
				return scheduler.Result{End: store.AttemptExited}
			}
			return scheduler.Result{End: end, Code: 1}
		}})
	}
	in.metrics.DefineJobs([]string{"good", "bad"})
	log := zerolog.New(zerolog.NewTestWriter(t))
	s, err := scheduler.New(scheduler.Config{
		Store: reg.Jobs(), Group: "g", Host: "here", Timing: timing, MaxRuns: 4, Log: log,
		OnStart: in.metrics.RunStarted, OnEnd: in.metrics.RunEnded,
	}, list)
	if err != nil {
		t.Fatal(err)
	}
	member, err = heartbeat.New(heartbeat.Config{Registry: reg, Group: "g", Timing: timing, Log: log, Guard: guard{s}, OnTime: s.Beat})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { in.done <- member.Run(ctx, s.Lead) }()
	in.cancel = cancel
	t.Cleanup(cancel)
	in.close = func() {
		if err := in.lookout.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := reg.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	return in
}

// stop stops an instance in order. It can still be scraped.
func (in *instance) stop(t *testing.T) {
	t.Helper()
	in.cancel()
	if err := <-in.done; err != nil {
		t.Error(err)
	}
	in.close()
}

func (in *instance) scrape() string {
	w := httptest.NewRecorder()
	in.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return strings.TrimSpace(w.Body.String())
}

type guard struct{ *scheduler.Scheduler }

func (guard) Kill() {}
