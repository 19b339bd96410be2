package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
)

// receiver is who is told of the ends of runs.
type receiver struct {
	mu    sync.Mutex
	calls []string                               // JOB STATE
	fails func(n int, r store.Run) (bool, error) // what the n-th call returns
}

func (r *receiver) deliver(_ context.Context, to string, run store.Run) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprintf("%s %s %s", to, run.Job, run.State))
	if r.fails == nil {
		return false, nil
	}
	return r.fails(len(r.calls), run)
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// leadOnce has a member with a receiver run jobs, until the function that it returns is
// called.
func leadOnce(t *testing.T, reg store.Backend, log *testkit.LogBuffer, r *receiver, list []scheduler.Job) (stop func()) {
	t.Helper()
	s, err := scheduler.New(scheduler.Config{Store: reg.Jobs(), Group: "g", Timing: quick, Log: zerolog.New(log), Deliver: r.deliver}, list)
	if err != nil {
		t.Fatal(err)
	}
	member, err := heartbeat.New(s.Join(heartbeat.Config{Registry: reg, Group: "g", Timing: quick, Log: zerolog.Nop()}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- member.Run(ctx, s.Lead) }()
	testkit.Until(t, "the jobs to be known", func() bool {
		known, err := reg.Jobs().Jobs(context.Background(), "g")
		return err == nil && len(known) == len(list)
	})
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func toldJobs() []scheduler.Job {
	told := jobs.Definition{Name: "told", OnFinish: "https://example.com/x", Then: []jobs.Then{{Job: "next"}}}
	return []scheduler.Job{
		{Definition: told, Func: func(context.Context, *jobs.Run) error { return nil }},
		{Definition: jobs.Definition{Name: "next"}, Func: func(context.Context, *jobs.Run) error { return nil }},
		{Definition: jobs.Definition{Name: "bad", OnFinish: "https://example.com/y"}, Func: func(context.Context, *jobs.Run) error { return errors.New("no") }},
	}
}

func TestDeliver_IsTriedUntilItSucceeds(t *testing.T) {
	reg, log := openSQLite(t), new(testkit.LogBuffer)
	r := &receiver{fails: func(n int, _ store.Run) (bool, error) {
		if n <= 2 {
			return true, errors.New("away")
		}
		return false, nil
	}}
	defer leadOnce(t, reg, log, r, toldJobs())()
	k := submit(t, reg.Jobs(), "told", nil)
	if run := ended(t, reg.Jobs(), k); run.State != store.Completed {
		t.Errorf("it is %s", run.State)
	}
	if got, want := r.got(), slices.Repeat([]string{"https://example.com/x told completed"}, 3); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	testkit.Until(t, "the run that follows", func() bool {
		run, err := reg.Jobs().Run(t.Context(), store.Key{Group: "g", Job: "next", Run: store.ChildID(k)})
		return err == nil && run.State == store.Completed && run.Parent == k.String()
	})
	if strings.Contains(log.String(), "example.com") {
		t.Errorf("the log has the URL, which may be a secret:\n%s", log)
	}
}

func TestDeliver_GoesOnInTheNextTerm(t *testing.T) {
	reg, log := openSQLite(t), new(testkit.LogBuffer)
	away := &receiver{fails: func(int, store.Run) (bool, error) { return true, errors.New("away") }}
	stop := leadOnce(t, reg, log, away, toldJobs())
	defer stop()
	k := submit(t, reg.Jobs(), "bad", nil)
	testkit.Until(t, "a first attempt to tell it", func() bool { return len(away.got()) > 0 })
	stop() // it does not wait for the receiver
	if run, err := reg.Jobs().Run(t.Context(), k); err != nil || run.State != store.Failed || !run.Open {
		t.Errorf("the run is %s, open %t, %v", run.State, run.Open, err)
	}
	back := &receiver{}
	defer leadOnce(t, reg, log, back, toldJobs())()
	ended(t, reg.Jobs(), k)
	if got, want := back.got(), []string{"https://example.com/y bad failed"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDeliver_ReceiverThatWantsNoneIsNotAskedAgain(t *testing.T) {
	reg, log := openSQLite(t), new(testkit.LogBuffer)
	gone := &receiver{fails: func(int, store.Run) (bool, error) { return false, errors.New("gone") }}
	defer leadOnce(t, reg, log, gone, toldJobs())()
	begun := time.Now()
	ended(t, reg.Jobs(), submit(t, reg.Jobs(), "bad", nil))
	if got := gone.got(); len(got) != 1 || time.Since(begun) > testkit.Patience || !strings.Contains(log.String(), "it is not sent any more") {
		t.Errorf("got %q, and the log\n%s", got, log)
	}
}
