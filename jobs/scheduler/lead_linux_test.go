package scheduler_test

import (
	"context"
	"os"
	"path/filepath"
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
	"github.com/understudy-go/understudy/worker"
)

func TestLead_RunsAJobOnSQLite(t *testing.T) {
	dir := t.TempDir()
	reg, err := sqlite.Open(t.Context(), filepath.Join(dir, "r.db"), sqlite.Options{OrphanAfter: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close(context.Background())
	timing := registry.Timing{Interval: 200 * time.Millisecond, OrphanAfter: 10 * time.Second, StopGrace: time.Second}
	log := zerolog.New(zerolog.NewTestWriter(t))
	exec, err := worker.NewExecutor(worker.ExecutorSpec{Timing: timing, Ready: 2, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Close()
	d := jobs.Definition{Name: "report", Schedules: []string{"@every 1s"}}.WithDefaults(timing.OrphanAfter, timing.StopGrace)
	file := filepath.Join(dir, "out")
	s, err := scheduler.New(scheduler.Config{
		Store: reg.Jobs(), Group: "g", Host: "here", Timing: timing, MaxRuns: 4, Log: log,
	}, []scheduler.Job{{Definition: d, Execute: func(ctx context.Context, _ store.Run) scheduler.Result {
		end := exec.Run(ctx, worker.Execution{Name: d.Name, Path: "/bin/sh", Args: []string{"sh", "-c", "echo ran >>" + file}})
		if !end.Succeeded() {
			return scheduler.Result{End: store.AttemptFailed, Code: end.Code, Remark: end.Outcome.String()}
		}
		return scheduler.Result{End: store.AttemptCompleted}
	}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	member, err := heartbeat.New(heartbeat.Config{
		Registry: reg, Group: "g", Timing: timing, Log: log, Guard: both{exec, s}, OnTime: s.Beat,
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- member.Run(ctx, s.Lead) }()
	testkit.Until(t, "three runs that completed", func() bool {
		runs, err := reg.Jobs().Runs(t.Context(), "g", store.Filter{States: []store.State{store.Completed}, Limit: 100})
		return err == nil && len(runs) >= 3
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	runs, err := reg.Jobs().Runs(t.Context(), "g", store.Filter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		t.Log(r.Key, r.State, r.Attempts[0].From.Sub(r.Slot), r.Attempts[0].To.Sub(r.Attempts[0].From))
	}
	out, _ := os.ReadFile(file)
	t.Logf("%d bytes", len(out))
}

// both extends and kills for an executor, and extends for a scheduler.
type both struct {
	*worker.Executor
	s *scheduler.Scheduler
}

func (b both) Extend(until time.Duration) {
	b.Executor.Extend(until)
	b.s.Extend(until)
}
