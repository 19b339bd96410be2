package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// records are those of a store.
type records struct {
	store.Asking
	jobs   []store.Job
	queues map[string]store.Queue
	runs   []store.Run // the last made first
	at     time.Time   // of the last question for queues
	asked  []string    // the jobs whose runs were asked for; empty: those of all
	calls  int
	err    error         // of each call
	after  int           // how many calls are answered without it
	slow   time.Duration // how long each call takes
}

func (r *records) call() error {
	time.Sleep(r.slow)
	r.calls++
	if r.calls > r.after {
		return r.err
	}
	return nil
}

func (r *records) Jobs(context.Context, string) ([]store.Job, error) { return r.jobs, r.call() }

func (r *records) Queue(_ context.Context, _ string, now time.Time) (map[string]store.Queue, error) {
	r.at = now
	return r.queues, r.call()
}

func (r *records) Runs(_ context.Context, _ string, f store.Filter) (list []store.Run, err error) {
	r.asked = append(r.asked, f.Job)
	for _, run := range r.runs {
		if (f.Job == "" || f.Job == run.Job) && slices.Contains(f.States, run.State) && len(list) < f.Limit {
			list = append(list, run)
		}
	}
	return list, r.call()
}

// completed returns a run that ended at a second.
func completed(job string, second int64) store.Run {
	r := ended(job, store.Completed)
	r.EndedAt = instant(second)
	return r
}

var gauges = []string{"job_last_success", "job_next", "job_paused", "jobs_waiting", "jobs_oldest"}

func TestScrape_ShowsWhatTheRecordsSayOfJobs(t *testing.T) {
	r := &records{
		jobs: []store.Job{
			{Name: "clean", Next: instant(900), Paused: &store.Request{By: "ann", Why: "because"}},
			{Name: "gone", Gone: true},
			{Name: "report", Next: instant(1060), Schedule: "0 * * * *"},
		},
		queues: map[string]store.Queue{"clean": {Waiting: 2, Oldest: instant(940)}, "gone": {Waiting: 1, Oldest: instant(970)}},
		runs:   []store.Run{completed("report", 500), completed("report", 700), completed("gone", 600)},
	}
	m := withJobs(r, 7, "clean", "new", "report")
	want := []string{
		`understudy_job_last_success_timestamp_seconds{group="a/b",job="report"} 700`,
		`understudy_job_next_timestamp_seconds{group="a/b",job="report"} 1060`,
		`understudy_job_paused{group="a/b",job="clean"} 1`,
		`understudy_job_paused{group="a/b",job="new"} 0`,
		`understudy_job_paused{group="a/b",job="report"} 0`,
		`understudy_jobs_oldest_waiting_seconds{group="a/b"} 60`,
		`understudy_jobs_waiting{group="a/b",job="_other"} 1`,
		`understudy_jobs_waiting{group="a/b",job="clean"} 2`,
		`understudy_jobs_waiting{group="a/b",job="new"} 0`,
		`understudy_jobs_waiting{group="a/b",job="report"} 0`,
	}
	if diff := cmp.Diff(want, ours(scraped(t, m), gauges...)); diff != "" {
		t.Error(diff)
	}
	if !r.at.Equal(instant(1000)) {
		t.Errorf("asked for what is due at %v, want the registry's time", r.at)
	}
}

// So a sum over the instances of a group counts each job once.
func TestScrape_PassiveInstanceShowsAndReadsNothingOfTheRecords(t *testing.T) {
	r := &records{jobs: []store.Job{{Name: "report", Next: instant(1)}}}
	m := withJobs(r, 0, "report")
	if lines := ours(scraped(t, m), gauges...); len(lines) > 0 || r.calls > 0 {
		t.Errorf("%d calls, %q", r.calls, lines)
	}
	if len(ours(scraped(t, m), "job_runs_total")) == 0 {
		t.Error("it does not show what it counted itself")
	}
}

func TestScrape_ShowsNoStateOfAnotherTerm(t *testing.T) {
	s := source() // in term 7
	for term, want := range map[int64]bool{0: false, 6: false, 7: true, 8: false} {
		s.Jobs = func(context.Context) (JobsState, error) { return JobsState{Term: term}, nil }
		m := New(s)
		m.DefineJobs([]string{"report"})
		if got := len(ours(scraped(t, m), gauges...)) > 0; got != want {
			t.Errorf("a state of term %d is shown in term 7: %v, want %v", term, got, want)
		}
	}
}

// What is known of the last success survives a takeover, and no success of a term before
// the last one hides that of the instance that was active in between.
func TestReadJobs_LastSuccessComesFromTheRecordsOfEachTerm(t *testing.T) {
	term := int64(7)
	s := source()
	s.State = func() State { return State{Term: term} }
	r := &records{runs: []store.Run{completed("report", 500)}}
	m := newWithJobs(s, r)
	m.DefineJobs([]string{"report"})
	shows := func(second int64) {
		t.Helper()
		want := []string{fmt.Sprintf(`understudy_job_last_success_timestamp_seconds{group="a/b",job="report"} %d`, second)}
		if diff := cmp.Diff(want, ours(scraped(t, m), "job_last_success")); diff != "" {
			t.Error(diff)
		}
	}
	shows(500)
	m.RunEnded(completed("report", 600))
	m.RunEnded(completed("report", 550)) // recorded later
	m.RunEnded(ended("report", store.Failed))
	shows(600)
	asked := len(r.asked)
	shows(600)
	if len(r.asked) > asked {
		t.Errorf("within one term the runs were read again: %q", r.asked)
	}
	r.runs = []store.Run{completed("report", 800), completed("report", 600)} // by another instance, in term 8
	term = 9
	shows(800)
	r.runs = nil // pruned, or the registry was restored
	term = 10
	if lines := ours(scraped(t, m), "job_last_success"); len(lines) > 0 {
		t.Errorf("%q, of an earlier term", lines)
	}
}

// One question tells of most jobs. The others are looked up one by one, and each once.
func TestReadJobs_LooksJobsUpAFewAtATime(t *testing.T) {
	r := &records{}
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("rare%03d", i))
	}
	for range store.MaxPage {
		r.runs = append(r.runs, completed("often", 900))
	}
	r.runs = append(r.runs, completed("rare119", 300))
	m := withJobs(r, 7, append(names, "often")...)
	for n, most := range []int{1 + successReads, successReads, 20, 0} {
		r.asked = nil
		scraped(t, m)
		if len(r.asked) > most {
			t.Errorf("scrape %d asked for runs %d times, want up to %d", n+1, len(r.asked), most)
		}
	}
	want := []string{
		`understudy_job_last_success_timestamp_seconds{group="a/b",job="often"} 900`,
		`understudy_job_last_success_timestamp_seconds{group="a/b",job="rare119"} 300`,
	}
	if diff := cmp.Diff(want, ours(scraped(t, m), "job_last_success")); diff != "" {
		t.Error(diff)
	}
}

// A registry that takes long for each answer gets no more questions than there is time
// for, and what is shown does not wait for all of them.
func TestReadJobs_SlowRegistryIsAskedLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &records{slow: 200 * time.Millisecond}
		s := source()
		var m *Metrics
		lookout := status.NewLookout(0, func(ctx context.Context) (JobsState, error) { return m.ReadJobs(ctx, r, 7, instant(1000)) })
		s.Jobs = lookout.Snapshot
		m = New(s)
		var names []string
		for i := range 30 {
			names = append(names, fmt.Sprint("job", i))
		}
		m.DefineJobs(names)
		for n := range 15 {
			begin := time.Now()
			if lines := ours(scraped(t, m), "jobs_waiting"); len(lines) != 30 {
				t.Errorf("scrape %d shows %d jobs, want 30", n+1, len(lines))
			}
			if took := time.Since(begin); took > status.ReadLimit/2+r.slow {
				t.Errorf("scrape %d took %v", n+1, took)
			}
		}
		if got, want := len(r.asked), 31; got != want {
			t.Errorf("the runs were read %d times, want %d: once for each job, and once for all", got, want)
		}
	})
}

func TestScrape_HangingStoreDelaysItTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := source()
		s.Snapshot = status.NewLookout(0, func(context.Context) (status.Group, error) {
			<-release
			return status.Group{}, nil
		}).Snapshot
		s.Jobs = status.NewLookout(0, func(context.Context) (JobsState, error) {
			<-release
			return JobsState{Term: 7}, nil
		}).Snapshot
		m := New(s)
		m.DefineJobs([]string{"report"})
		begin := time.Now()
		text := scraped(t, m)
		if took := time.Since(begin); took != status.ReadLimit {
			t.Errorf("the scrape took %v, want %v", took, status.ReadLimit)
		}
		if len(ours(text, gauges...)) > 0 || len(ours(text, "job_runs_total")) == 0 || len(ours(text, "active")) == 0 {
			t.Errorf("want what needs no registry, and nothing else:\n%s", strings.Join(ours(text, ""), "\n"))
		}
		close(release)
	})
}

func TestReadJobs_UnreadableRecordsHideNoOthers(t *testing.T) {
	down := errors.New("down")
	for _, tt := range []struct {
		err   error
		after int
		want  string
	}{
		{nil, 0, "next success"},
		{fmt.Errorf("%w: report", registry.ErrCorrupt), 0, "next success"},
		{fmt.Errorf("%w: report", registry.ErrSchema), 0, "next success"},
		{down, 0, ""}, {down, 1, ""},
		{down, 2, "next"}, // what failed is read again at the next scrape
	} {
		r := &records{jobs: []store.Job{{Name: "report", Next: instant(1060)}}, runs: []store.Run{completed("report", 500)}, err: tt.err, after: tt.after}
		m := withJobs(r, 7, "report")
		shown := func() string {
			text, list := scraped(t, m), []string{}
			for _, name := range []string{"next", "success"} {
				if strings.Contains(text, name+"_timestamp_seconds{") {
					list = append(list, name)
				}
			}
			return strings.Join(list, " ")
		}
		if got := shown(); got != tt.want {
			t.Errorf("%v after %d calls: shown are %q, want %q", tt.err, tt.after, got, tt.want)
		}
		r.err = nil
		if got := shown(); got != "next success" {
			t.Errorf("%v after %d calls, and none later: shown are %q", tt.err, tt.after, got)
		}
	}
}
