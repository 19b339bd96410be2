package scheduler_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/sqlite"
)

var quick = registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: 20 * time.Second, StopGrace: 3 * time.Second}

// lead has a member run jobs on a backend until the test ends, and returns once the jobs are
// known.
func lead(t testing.TB, reg store.Backend, log zerolog.Logger, list []scheduler.Job) {
	t.Helper()
	s, err := scheduler.New(scheduler.Config{Store: reg.Jobs(), Group: "g", Timing: quick, Log: log}, list)
	if err != nil {
		t.Fatal(err)
	}
	join(t, s, heartbeat.Config{Registry: reg, Group: "g", Timing: quick, Log: zerolog.Nop()})
	testkit.Until(t, "the jobs to be known", func() bool {
		known, err := reg.Jobs().Jobs(context.Background(), "g")
		return err == nil && len(known) == len(list)
	})
}

// join has a member run the jobs of a scheduler until the test ends.
func join(t testing.TB, s *scheduler.Scheduler, c heartbeat.Config) {
	t.Helper()
	member, err := heartbeat.New(s.Join(c))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- member.Run(ctx, s.Lead) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func openSQLite(t testing.TB) store.Backend {
	t.Helper()
	reg, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "r.db"), sqlite.Options{OrphanAfter: quick.OrphanAfter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close(context.Background()) })
	return reg
}

// submit asks for a run of a job.
func submit(t testing.TB, s store.Store, job string, payload []byte) store.Key {
	t.Helper()
	k := store.Key{Group: "g", Job: job, Run: store.NewID()}
	if _, _, err := s.Submit(context.Background(), store.Run{Key: k, Trigger: store.ByPerson}, payload, 100_000); err != nil {
		t.Fatal(err)
	}
	return k
}

// ended waits for the outcome of a run.
func ended(t testing.TB, s store.Store, k store.Key) (r store.Run) {
	t.Helper()
	testkit.Until(t, k.String()+" to end", func() bool {
		var err error
		r, err = s.Run(context.Background(), k)
		return err == nil && r.State.Ended() && !r.Open
	})
	return r
}

func TestFunction_EndsAsItReturns(t *testing.T) {
	reg := openSQLite(t)
	s := reg.Jobs()
	log := new(testkit.LogBuffer)
	function := func(d jobs.Definition, f jobs.Func) scheduler.Job { return scheduler.Job{Definition: d, Func: f} }
	waiting := func(ctx context.Context, _ *jobs.Run) error {
		<-ctx.Done()
		return ctx.Err()
	}
	var tries atomic.Int64
	lead(t, reg, zerolog.New(log), []scheduler.Job{
		function(jobs.Definition{Name: "echo"}, func(ctx context.Context, r *jobs.Run) error {
			payload, err := r.Payload(ctx)
			return errors.Join(err, r.SetResult(payload), r.Progress(ctx, 50, "half of it"))
		}),
		function(jobs.Definition{Name: "bad"}, func(context.Context, *jobs.Run) error { return errors.New("no luck") }),
		function(jobs.Definition{Name: "panic"}, func(context.Context, *jobs.Run) error { panic("oops") }),
		function(jobs.Definition{Name: "slow", Timeout: 200 * time.Millisecond}, waiting),
		function(jobs.Definition{Name: "endless"}, waiting),
		function(jobs.Definition{Name: "again", Retries: jobs.Retries{Max: 3, Backoff: 100 * time.Millisecond}}, func(ctx context.Context, r *jobs.Run) error {
			tries.Add(1)
			last, err := r.LastCheckpoint(ctx)
			if err != nil || len(last) == 2 {
				return err
			}
			return errors.Join(r.Checkpoint(ctx, append(last, 'x')), errors.New("not yet"))
		}),
	})
	for _, tt := range []struct {
		job    string
		state  store.State
		remark string
	}{
		{"echo", store.Completed, ""},
		{"bad", store.Failed, "no luck"},
		{"panic", store.Failed, "panic: oops"},
		{"slow", store.TimedOut, "timeout of 200ms"},
		{"again", store.Completed, ""},
	} {
		r := ended(t, s, submit(t, s, tt.job, []byte("hello")))
		if r.State != tt.state || !strings.Contains(r.Remark, tt.remark) {
			t.Errorf("%s is %s, %q; want %s, %q", tt.job, r.State, r.Remark, tt.state, tt.remark)
		}
		if tt.job == "echo" && (string(r.Result) != "hello" || r.Progress.Percent != 50) {
			t.Errorf("the result is %q, the progress %+v", r.Result, r.Progress)
		}
	}
	if tries.Load() != 3 {
		t.Errorf("the job with a checkpoint was called %d times, want 3", tries.Load())
	}
	if !strings.Contains(log.String(), "function_test.go") {
		t.Error("the log does not say where the function panicked")
	}
	k := submit(t, s, "endless", nil)
	testkit.Until(t, "the run to begin", func() bool { r, err := s.Run(t.Context(), k); return err == nil && r.State == store.Processing })
	if _, err := s.Cancel(t.Context(), k, "somebody", "enough"); err != nil {
		t.Fatal(err)
	}
	if r := ended(t, s, k); r.State != store.Cancelled || !strings.Contains(r.Remark, "enough") {
		t.Errorf("the cancelled run is %s: %s", r.State, r.Remark)
	}
}

func TestNew_RefusesJobsThatCannotRun(t *testing.T) {
	f := jobs.Func(func(context.Context, *jobs.Run) error { return nil })
	s := openSQLite(t).Jobs()
	for name, tt := range map[string]struct {
		config scheduler.Config
		job    scheduler.Job
		want   string
	}{
		"no store":      {scheduler.Config{Group: "g"}, scheduler.Job{Definition: jobs.Definition{Name: "a"}, Func: f}, "no store"},
		"no group":      {scheduler.Config{Store: s}, scheduler.Job{Definition: jobs.Definition{Name: "a"}, Func: f}, "group name"},
		"no function":   {scheduler.Config{Store: s, Group: "g"}, scheduler.Job{Definition: jobs.Definition{Name: "a"}}, "job a: want either Func or Execute"},
		"no name":       {scheduler.Config{Store: s, Group: "g"}, scheduler.Job{Func: f}, "name"},
		"a bad timing":  {scheduler.Config{Store: s, Group: "g", Timing: registry.Timing{Interval: 1}}, scheduler.Job{Definition: jobs.Definition{Name: "a"}, Func: f}, "jobs: "},
		"a bad zone":    {scheduler.Config{Store: s, Group: "g"}, scheduler.Job{Definition: jobs.Definition{Name: "a", Zone: "Mars/Base"}, Func: f}, "Mars/Base"},
		"negative runs": {scheduler.Config{Store: s, Group: "g", MaxRuns: -1}, scheduler.Job{Definition: jobs.Definition{Name: "a"}, Func: f}, "-1 runs"},
	} {
		if _, err := scheduler.New(tt.config, []scheduler.Job{tt.job}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}
