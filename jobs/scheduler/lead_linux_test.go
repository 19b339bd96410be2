package scheduler_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/internal/testkit"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

func TestLead_RunsCommandsAtTheirSlots(t *testing.T) {
	onBackends(t, func(t *testing.T, reg store.Backend) {
		exec, err := worker.NewExecutor(worker.ExecutorSpec{Timing: quick, Ready: 2, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		defer exec.Close()
		file := filepath.Join(t.TempDir(), "out")
		command := func(ctx context.Context, r store.Run) scheduler.Result {
			end := exec.Run(ctx, worker.Execution{Name: r.Job, Path: "/bin/sh", Args: []string{"sh", "-c", "echo " + r.Run + " >>" + file}})
			if !end.Succeeded() {
				return scheduler.Result{End: store.AttemptFailed, Code: end.Code, Remark: end.Outcome.String()}
			}
			return scheduler.Result{End: store.AttemptCompleted, Result: []byte("done")}
		}
		s, err := scheduler.New(scheduler.Config{Store: reg.Jobs(), Group: "g", Timing: quick, Log: zerolog.Nop()},
			[]scheduler.Job{{Definition: jobs.Definition{Name: "report", Schedules: []string{"@every 1s"}}, Execute: command}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		member, err := heartbeat.New(heartbeat.Config{
			Registry: reg, Group: "g", Timing: quick, Log: zerolog.Nop(), Guard: both{exec, s}, OnTime: s.Beat, Drain: s.Drain,
		})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- member.Run(ctx, s.Lead) }()
		var runs []store.Run
		testkit.Until(t, "three runs that completed", func() bool {
			runs, err = reg.Jobs().Runs(context.Background(), "g", store.Filter{States: []store.State{store.Completed}, Limit: 100})
			return err == nil && len(runs) >= 3
		})
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, r := range runs {
			r, err = reg.Jobs().Run(context.Background(), r.Key)
			switch {
			case err != nil:
				t.Error(err)
			case r.Open, r.Attempt != 1, r.Slot.IsZero(), r.Run != store.SlotID(r.Slot), string(r.Result) != "done":
				t.Errorf("%+v", r)
			case r.Attempts[0].From.Before(r.Slot):
				t.Errorf("%s started at %v", r.Key, r.Attempts[0].From)
			}
		}
		out, _ := os.ReadFile(file)
		began := map[string]bool{}
		for _, slot := range strings.Fields(string(out)) {
			if began[slot] {
				t.Errorf("the slot %s ran twice", slot)
			}
			began[slot] = true
		}
		open, err := reg.Jobs().Open(context.Background(), store.Holder{Group: "g", Term: registry.MaxTerm}, nil, 100)
		if err != nil || len(open) > 0 {
			t.Errorf("left open: %v, %v", open, err)
		}
	})
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
