package scheduler_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func TestScheduler_DrainLetsARunEndAndStartsNothing(t *testing.T) {
	onBackends(t, func(t *testing.T, reg store.Backend) {
		began, release := make(chan struct{}), make(chan struct{})
		s, err := scheduler.New(scheduler.Config{Store: reg.Jobs(), Group: "g", Timing: quick, Log: zerolog.Nop()}, []scheduler.Job{{
			Definition: jobs.Definition{Name: "long", Drain: time.Hour},
			Execute: func(ctx context.Context, _ store.Run) scheduler.Result {
				close(began)
				select {
				case <-release:
					return scheduler.Result{End: store.AttemptCompleted}
				case <-ctx.Done():
					return scheduler.Result{End: store.AttemptExited}
				}
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.Drain(context.Background()) // of no term: it returns, and drains no later one

		term := registry.Term{Group: "g", Number: 1, Holder: uuid.New()}
		if err := reg.BeginTerm(context.Background(), term); err != nil {
			t.Fatal(err)
		}
		s.Extend(boottime.Now() + time.Hour)
		s.Beat(time.Now(), boottime.Now())
		ctx, cancel := context.WithCancelCause(context.Background())
		returned := make(chan error, 1)
		go func() { returned <- s.Lead(ctx, term) }()
		first := submit(t, reg.Jobs(), "long", nil)
		<-began

		drained := make(chan struct{})
		go func() {
			defer close(drained)
			s.Drain(context.Background())
		}()
		short, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer stop()
		s.Drain(short) // another one returns with its context
		second := submit(t, reg.Jobs(), "long", nil)
		select {
		case <-drained:
			t.Error("drained while a run runs")
		default:
		}
		close(release)
		<-drained
		if r, err := reg.Jobs().Run(context.Background(), first); err != nil || r.State != store.Completed || r.Open {
			t.Errorf("the run is %s, open %v, %v", r.State, r.Open, err)
		}
		if r, err := reg.Jobs().Run(context.Background(), second); err != nil || r.State != store.Waiting || r.Attempt != 0 {
			t.Errorf("what came in the drain is %s, attempt %d, %v", r.State, r.Attempt, err)
		}
		select {
		case err := <-returned:
			t.Errorf("the lead returned %v before its context ended", err)
		default:
		}
		cancel(context.DeadlineExceeded)
		if err := <-returned; err != context.DeadlineExceeded {
			t.Errorf("the lead returned %v", err)
		}
	})
}

// SQLite says at the next write that a later term has begun. MongoDB has no cheap way to know,
// and its writes miss; the instance itself learns of the term.
func TestScheduler_ASupersededLeadKillsItsRunsAndWaitsForItsEnd(t *testing.T) {
	reg := openSQLite(t)
	began, killed := make(chan struct{}), make(chan bool, 1)
	s, err := scheduler.New(scheduler.Config{Store: reg.Jobs(), Group: "g", Timing: quick, Log: zerolog.Nop()}, []scheduler.Job{{
		Definition: jobs.Definition{Name: "j"},
		Execute: func(ctx context.Context, _ store.Run) scheduler.Result {
			close(began)
			<-ctx.Done()
			cause, ok := context.Cause(ctx).(interface{ Immediate() bool })
			killed <- ok && cause.Immediate()
			return scheduler.Result{End: store.AttemptExited}
		},
	}, {
		Definition: jobs.Definition{Name: "next"},
		Execute: func(context.Context, store.Run) scheduler.Result {
			t.Error("a run was started under a term that is over")
			return scheduler.Result{End: store.AttemptExited}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	term := registry.Term{Group: "g", Number: 1, Holder: uuid.New()}
	if err := reg.BeginTerm(context.Background(), term); err != nil {
		t.Fatal(err)
	}
	s.Extend(boottime.Now() + time.Hour)
	s.Beat(time.Now(), boottime.Now())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	returned := make(chan error, 1)
	go func() { returned <- s.Lead(ctx, term) }()
	k := submit(t, reg.Jobs(), "j", nil)
	<-began

	if err := reg.EndTerm(context.Background(), "g", 1, term.Holder, registry.End{Reason: registry.Stopped}); err != nil {
		t.Fatal(err)
	}
	next := store.Holder{Group: "g", Term: 2, Instance: uuid.New()}
	if err := reg.BeginTerm(context.Background(), registry.Term{Group: "g", Number: 2, Holder: next.Instance}); err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Jobs().Seal(context.Background(), next); err != nil {
		t.Fatal(err)
	}
	submit(t, reg.Jobs(), "next", nil) // for which it writes
	if !<-killed {
		t.Error("the run was not killed")
	}
	select {
	case err := <-returned:
		t.Errorf("the lead returned %v before its context ended", err)
	default:
	}
	cancel()
	testkit.Until(t, "the lead to return", func() bool { return len(returned) == 1 })
	if r, err := reg.Jobs().Run(context.Background(), k); err != nil || r.State != store.Processing {
		t.Errorf("the run is %s, %v", r.State, err)
	}
}

// term begins a term for a scheduler of these jobs. It returns the scheduler, and its lead.
func term(t *testing.T, reg store.Backend, c scheduler.Config, list []scheduler.Job) (s *scheduler.Scheduler, run func(ctx context.Context) error) {
	t.Helper()
	c.Store, c.Group, c.Timing, c.Log = reg.Jobs(), "g", quick, zerolog.Nop()
	s, err := scheduler.New(c, list)
	if err != nil {
		t.Fatal(err)
	}
	first := registry.Term{Group: "g", Number: 1, Holder: uuid.New()}
	if err := reg.BeginTerm(context.Background(), first); err != nil {
		t.Fatal(err)
	}
	s.Extend(boottime.Now() + time.Hour)
	s.Beat(time.Now(), boottime.Now())
	return s, func(ctx context.Context) error { return s.Lead(ctx, first) }
}

// The order to drain may come late: its term is over then, and the present one is another.
func TestScheduler_ADrainWhoseContextHasEndedDrainsNothing(t *testing.T) {
	reg := openSQLite(t)
	s, run := term(t, reg, scheduler.Config{}, []scheduler.Job{{
		Definition: jobs.Definition{Name: "j"},
		Execute: func(context.Context, store.Run) scheduler.Result {
			return scheduler.Result{End: store.AttemptCompleted}
		},
	}})
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan error, 1)
	go func() { returned <- run(ctx) }()
	ended(t, reg.Jobs(), submit(t, reg.Jobs(), "j", nil))
	late, over := context.WithCancel(context.Background())
	over()
	s.Drain(late)
	ended(t, reg.Jobs(), submit(t, reg.Jobs(), "j", nil))
	cancel()
	<-returned
}

func TestScheduler_APanicStopsWhatRuns(t *testing.T) {
	reg := openSQLite(t)
	began, told := make(chan struct{}), make(chan struct{})
	config := scheduler.Config{OnStart: func(r store.Run) {
		if r.Job == "bad" {
			panic("oops")
		}
	}}
	execute := func(ctx context.Context, _ store.Run) scheduler.Result {
		close(began)
		<-ctx.Done()
		close(told)
		return scheduler.Result{End: store.AttemptExited}
	}
	_, run := term(t, reg, config, []scheduler.Job{{Definition: jobs.Definition{Name: "long"}, Execute: execute}, {Definition: jobs.Definition{Name: "bad"}, Execute: execute}})
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		_ = run(context.Background())
	}()
	submit(t, reg.Jobs(), "long", nil)
	<-began
	submit(t, reg.Jobs(), "bad", nil)
	testkit.Until(t, "the run to be told to stop", func() bool {
		select {
		case <-told:
			return true
		default:
			return false
		}
	})
	if p := <-ended; p != "oops" {
		t.Errorf("the lead ended with %v", p)
	}
}
