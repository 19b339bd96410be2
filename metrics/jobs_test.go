package metrics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs/store"
)

// withJobs returns the metrics of an instance that is active in a term, with a file of
// these jobs.
func withJobs(r *records, term int64, names ...string) *Metrics {
	s := source()
	s.State = func() State { return State{Term: term} }
	m := newWithJobs(s, r)
	m.DefineJobs(names)
	return m
}

// newWithJobs returns metrics that read the jobs of records.
func newWithJobs(s Source, r *records) (m *Metrics) {
	s.Jobs = func(ctx context.Context) (JobsState, error) { return m.ReadJobs(ctx, r, s.State().Term, instant(1000)) }
	m = New(s)
	return m
}

func instant(second int64) time.Time { return time.Unix(second, 0).UTC() }

// ended returns a run of a job that was due at 100, claimed at 101.5 and ended at 104.
func ended(job string, s store.State) store.Run {
	return store.Run{
		Key: store.Key{Group: "a/b", Job: job, Run: "1"}, Trigger: store.BySchedule, Due: instant(100), State: s, EndedAt: instant(104),
		Attempts: []store.Attempt{
			{End: store.AttemptFailed, From: instant(1), To: instant(90)},
			{End: store.AttemptEnd(s), From: instant(101).Add(time.Second / 2), To: instant(104)},
		},
	}
}

// nonzero returns the lines whose value is not 0.
func nonzero(lines []string) []string {
	return slices.DeleteFunc(lines, func(l string) bool { return strings.HasSuffix(l, " 0") })
}

func TestRunEnded_CountsOutcomes(t *testing.T) {
	m := withJobs(&records{}, 7, "report", "clean")
	m.RunEnded(ended("report", store.Completed))
	m.RunEnded(ended("report", store.Completed))
	r := ended("clean", store.TimedOut)
	r.Trigger = store.ByPerson
	m.RunEnded(r)
	for _, s := range []store.State{store.Waiting, store.Processing} {
		m.RunEnded(ended("report", s))
	}
	want := []string{
		`understudy_job_runs_total{group="a/b",job="clean",status="timed out",trigger="trigger"} 1`,
		`understudy_job_runs_total{group="a/b",job="report",status="completed",trigger="schedule"} 2`,
	}
	if diff := cmp.Diff(want, nonzero(ours(scraped(t, m), "job_runs"))); diff != "" {
		t.Error(diff)
	}
}

// An alert on the increase of a counter notices the first increase only if there was a 0
// before it.
func TestDefineJobs_CountersBeginAtZero(t *testing.T) {
	m := withJobs(&records{}, 0, "report")
	lines := ours(scraped(t, m), "job_runs")
	for _, s := range store.States {
		for _, by := range []store.Trigger{store.BySchedule, store.ByPerson, store.ByRun} {
			line := fmt.Sprintf(`understudy_job_runs_total{group="a/b",job="report",status="%s",trigger="%s"} 0`, s, by)
			if got := slices.Contains(lines, line); got != s.Ended() {
				t.Errorf("%s: shown: %v, want %v", line, got, s.Ended())
			}
		}
	}
}

// What a record says never becomes a label, and never makes more than a few series.
func TestRunEnded_HostileRecordsMakeNoLabels(t *testing.T) {
	m := withJobs(&records{
		jobs:   []store.Job{{Name: "\xff\n\"} 1"}, {Name: "stranger", Paused: &store.Request{}, Next: instant(1)}},
		queues: map[string]store.Queue{"\xff\n\"} 1": {Waiting: 2, Oldest: instant(990)}, "stranger": {Waiting: 3}, "_other": {Waiting: 4}},
		runs:   []store.Run{completed("stranger", 1), completed("\xff", 2)},
	}, 7, "other", "report")
	before := len(ours(scraped(t, m), "job"))
	for i := range 500 {
		for _, text := range []string{"\xff\n\"} 1", "", "_other", "a" + strings.Repeat("x", 1<<16), fmt.Sprint("stranger", i)} {
			r := ended(text, store.State(text))
			r.Trigger = store.Trigger(text)
			m.RunStarted(r)
			m.RunEnded(r)
		}
	}
	text := scraped(t, m)
	for _, bad := range []string{"stranger", "\xff", "} 1{", strings.Repeat("x", 99)} {
		if strings.Contains(text, bad) {
			t.Errorf("%.20q stands in the answer", bad)
		}
	}
	lines := ours(text, "job")
	// One of the runs, and those of the histogram of their durations.
	if got, most := len(lines)-before, 1+14; got > most {
		t.Errorf("%d more series, want up to %d:\n%s", got, most, strings.Join(lines, "\n"))
	}
	for _, want := range []string{
		`understudy_job_runs_total{group="a/b",job="_other",status="other",trigger="other"} 2500`,
		`understudy_jobs_waiting{group="a/b",job="_other"} 9`,
		`understudy_jobs_waiting{group="a/b",job="other"} 0`,
		`understudy_jobs_oldest_waiting_seconds{group="a/b"} 10`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %s in\n%s", want, strings.Join(ours(text, "jobs", "job_runs_total{group=\"a/b\",job=\"_"), "\n"))
		}
	}
}

func TestDefineJobs_BoundsTheSeries(t *testing.T) {
	r := &records{queues: map[string]store.Queue{}}
	var names []string
	for i := range 3 * maxJobs {
		name := fmt.Sprintf("job%04d", i)
		names = append(names, name)
		r.jobs = append(r.jobs, store.Job{Name: name, Next: instant(9), Paused: &store.Request{}})
		r.queues[name] = store.Queue{Waiting: 1, Oldest: instant(9)}
	}
	slices.Reverse(names)
	m := withJobs(r, 7, names...)
	for _, name := range names {
		for _, s := range store.States {
			m.RunEnded(ended(name, s))
		}
	}
	text := scraped(t, m)
	if n, most := len(ours(text, "job")), 36*(maxJobs+1)+20; n > most {
		t.Errorf("%d series, want up to %d", n, most)
	}
	lines := ours(text, "job")
	for _, want := range []string{
		`understudy_job_runs_total{group="a/b",job="job0000",status="failed",trigger="schedule"} 1`,
		fmt.Sprintf(`understudy_job_runs_total{group="a/b",job="job%04d",status="failed",trigger="schedule"} 1`, maxJobs-1),
		fmt.Sprintf(`understudy_job_runs_total{group="a/b",job="_other",status="failed",trigger="schedule"} %d`, 2*maxJobs),
		fmt.Sprintf(`understudy_jobs_waiting{group="a/b",job="_other"} %d`, 2*maxJobs),
		fmt.Sprintf(`understudy_job_paused{group="a/b",job="_other"} %d`, 2*maxJobs),
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %s", want)
		}
	}
}

// However often the file changes, only its present jobs have series.
func TestDefineJobs_TakesJobsOutThatAreGone(t *testing.T) {
	m := withJobs(&records{runs: []store.Run{completed("a", 50), completed("b", 60)}}, 7, "a", "b")
	m.RunEnded(ended("a", store.Failed))
	m.RunEnded(ended("b", store.Failed))
	scraped(t, m)
	m.DefineJobs([]string{"b", "c", "c", "No name", "\xff"})
	text := scraped(t, m)
	if strings.Contains(text, `job="a"`) {
		t.Error("a job that is gone has series")
	}
	for _, want := range []string{`job="b",status="failed",trigger="schedule"} 1`, `job="c",status="failed",trigger="schedule"} 0`,
		`last_success_timestamp_seconds{group="a/b",job="b"} 60`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	m.RunEnded(ended("a", store.Failed)) // it ended after the change
	if !strings.Contains(scraped(t, m), `job="_other",status="failed",trigger="schedule"} 1`) {
		t.Error("a run of a job that is gone was not counted")
	}
}

func TestRunEnded_ObservesTheAttemptThatGaveTheOutcome(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *store.Run)
		want   float64 // -1: none
	}{
		{"completed", func(*store.Run) {}, 2.5},
		{"timed out", func(r *store.Run) { r.State, r.Attempts[1].End = store.TimedOut, store.AttemptTimedOut }, 2.5},
		{"cancelled while it ran", func(r *store.Run) { r.State, r.Attempts[1].End = store.Cancelled, store.AttemptCancelled }, 2.5},
		{"cancelled while it waited", func(r *store.Run) { r.State, r.Attempts[1].End = store.Cancelled, store.AttemptFailed }, -1},
		{"its instance went away", func(r *store.Run) { r.State, r.Attempts[1].End = store.Exited, store.AttemptExited }, -1},
		{"its instance went away too often", func(r *store.Run) { r.State, r.Attempts[1].End = store.Failed, store.AttemptExited }, -1},
		{"skipped", func(r *store.Run) { r.State, r.Attempts = store.Skipped, nil }, -1},
		{"no end", func(r *store.Run) { r.Attempts[1].To = time.Time{} }, -1},
		{"the clock was set back", func(r *store.Run) { r.Attempts[1].To = instant(5) }, 0},
	} {
		m := withJobs(&records{}, 7, "report")
		r := ended("report", store.Completed)
		tt.change(&r)
		m.RunEnded(r)
		got := ours(scraped(t, m), "job_duration_seconds_sum")
		want := []string(nil)
		if tt.want >= 0 {
			want = []string{fmt.Sprintf(`understudy_job_duration_seconds_sum{group="a/b",job="report"} %v`, tt.want)}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestRunStarted_ObservesTheDelay(t *testing.T) {
	m := withJobs(&records{}, 7, "report")
	r := ended("report", store.Processing)
	m.RunStarted(r)
	r.Due = instant(5000) // the clock was set back
	m.RunStarted(r)
	r.Due = time.Time{}
	m.RunStarted(r)
	r.Attempts = nil
	m.RunStarted(r)
	for _, change := range []int{1, 1, -1, 1} {
		m.RunsActive(change)
	}
	want := []string{
		`understudy_job_start_delay_seconds_sum{group="a/b"} 1.5`, `understudy_job_start_delay_seconds_count{group="a/b"} 2`,
		`understudy_jobs_processing{group="a/b"} 2`,
	}
	if diff := cmp.Diff(want, ours(scraped(t, m), "job_start_delay_seconds_sum", "job_start_delay_seconds_count", "jobs_processing")); diff != "" {
		t.Error(diff)
	}
}

func TestScrape_InstanceWithoutJobsHasNoneOfTheirSeriesAndReadsNothing(t *testing.T) {
	r := &records{queues: map[string]store.Queue{"report": {Waiting: 1}}}
	m := newWithJobs(source(), r)
	m.RunStarted(ended("report", store.Processing))
	m.RunEnded(ended("report", store.Completed))
	if lines := ours(scraped(t, m), "job"); len(lines) > 0 || r.calls > 0 {
		t.Errorf("%d calls, %q", r.calls, lines)
	}
}

func TestMetrics_CountRunsWhileScrapedAndRedefined(t *testing.T) {
	m := withJobs(&records{}, 7, "report", "clean")
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for range 200 {
				m.RunStarted(ended("report", store.Processing))
				m.RunEnded(ended("report", store.Completed))
				m.RunEnded(ended("clean", store.Failed))
				m.RunsActive(1)
				m.RunsActive(-1)
			}
		})
	}
	wait.Go(func() {
		for i := range 50 {
			m.DefineJobs([]string{"report", fmt.Sprint("job", i)})
		}
	})
	wait.Go(func() {
		for range 5 {
			scraped(t, m)
		}
	})
	wait.Wait()
	if got := ours(scraped(t, m), `job_runs_total{group="a/b",job="report",status="completed",trigger="schedule"`); len(got) != 1 || !strings.HasSuffix(got[0], " 600") {
		t.Errorf("%q, want 600", got)
	}
}
