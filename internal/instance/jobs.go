package instance

import (
	"context"
	"os"
	"sync"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/jobs/attempt"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/worker"
)

// readyGuards is how many guards are kept for the runs to come, at most. Each takes about
// 2 MB, and spares a run 6 ms of processor time.
const readyGuards = 4

// jobRunner runs the jobs of a jobs file while this instance is active.
type jobRunner struct {
	conf      config.Config
	file      *jobsFile
	first     jobfile.File // what the file said at first
	store     store.Store
	attempts  *attempt.Runner
	scheduler *scheduler.Scheduler
	log       zerolog.Logger
}

// newJobRunner returns the runner of the jobs that a file says.
func newJobRunner(conf config.Config, file *jobsFile, first jobfile.File, executor *worker.Executor, s store.Store, log zerolog.Logger) (r *jobRunner, err error) {
	r = &jobRunner{conf: conf, file: file, first: first, store: s, log: log}
	r.attempts, err = attempt.New(attempt.Config{Executor: executor, Store: s, Stdout: os.Stdout, Stderr: os.Stderr, Log: log})
	if err != nil {
		return nil, err
	}
	r.scheduler, err = scheduler.New(scheduler.Config{
		Store: s, Group: conf.Group, Host: conf.Host, Timing: conf.Timing, MaxRuns: conf.MaxRuns, Log: log,
	}, r.jobs(first))
	return r, err
}

// jobs returns what the scheduler has to know of the jobs of a file.
func (r *jobRunner) jobs(f jobfile.File) []scheduler.Job {
	list := make([]scheduler.Job, len(f.Jobs))
	for i, j := range f.Jobs {
		command := attempt.Job{
			Definition: j.WithDefaults(r.conf.Timing.OrphanAfter, r.conf.Timing.StopGrace),
			Command:    j.Command, Env: j.Env, Dir: j.Dir,
		}
		list[i] = scheduler.Job{
			Definition: j.Definition, Digest: j.Digest(),
			Execute: func(ctx context.Context, run store.Run) scheduler.Result {
				return scheduler.Result(r.attempts.Run(ctx, command, run))
			},
		}
	}
	return list
}

// follow has the scheduler take each new version of the file, until ctx ends. The function
// active reports whether this instance is the active one.
func (r *jobRunner) follow(ctx context.Context, active func() bool) {
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() { r.compare(ctx, r.first, active) })
	r.file.follow(ctx, r.log, func(f jobfile.File) {
		if err := r.scheduler.Define(r.jobs(f)); err != nil {
			r.log.Error().Err(err).Msg("the jobs file is refused, so the jobs stay as they were")
			return
		}
		wait.Go(func() { r.compare(ctx, f, active) })
	})
}
