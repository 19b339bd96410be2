package instance

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/jobs/attempt"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/jobs/scheduler"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/webhook"
	"github.com/understudy-go/understudy/worker"
)

// readyGuards is how many guards are kept for the runs to come, at most. Each takes about
// 2 MB, and spares a run 6 ms of processor time.
const readyGuards = 4

// clockDiffers is by how much the registry's clock differs at least from this machine's
// when the log says so.
const clockDiffers = time.Minute

// jobRunner runs the jobs of a jobs file while this instance is active.
type jobRunner struct {
	conf      config.Config
	file      *jobsFile
	first     jobfile.File // what the file said at first
	registry  store.Backend
	attempts  *attempt.Runner
	scheduler *scheduler.Scheduler
	admin     *adminServer
	log       zerolog.Logger

	clock   atomic.Int64 // how far the registry's clock is ahead of boottime's, in nanoseconds
	differs atomic.Bool  // the log says that the registry's clock is not that of this machine
}

// newJobRunner returns the runner of the jobs of a plan.
func (p Plan) newJobRunner(executor *worker.Executor, reg store.Backend, admin *adminServer, log zerolog.Logger) (r *jobRunner, err error) {
	conf, s := p.conf, reg.Jobs()
	r = &jobRunner{conf: conf, file: p.file, first: p.jobs, registry: reg, admin: admin, log: log}
	r.attempts, err = attempt.New(attempt.Config{Executor: executor, Store: s, Stdout: os.Stdout, Stderr: os.Stderr, Log: log})
	if err != nil {
		return nil, err
	}
	var secret *webhook.SecretFile
	if conf.WebhookSecretFile != "" {
		if secret, err = webhook.OpenSecretFile(conf.WebhookSecretFile); err != nil {
			return nil, &config.Error{Mistakes: []string{err.Error()}}
		}
	}
	r.scheduler, err = scheduler.New(scheduler.Config{
		Store: s, Group: conf.Group, Host: conf.Host, Timing: conf.Timing, MaxRuns: conf.MaxRuns, Log: log,
		Deliver: deliverer(p.version, secret),
		OnStart: admin.runStarted, OnEnd: admin.runEnded,
	}, r.jobs(p.jobs))
	if err != nil {
		return nil, err
	}
	admin.defineJobs(p.jobs)
	r.warnOfPrograms(p.jobs)
	return r, nil
}

// jobs returns what the scheduler has to know of the jobs of a file.
func (r *jobRunner) jobs(f jobfile.File) []scheduler.Job {
	list := make([]scheduler.Job, len(f.Jobs))
	for i, j := range f.Jobs {
		command := commandOf(j)
		list[i] = scheduler.Job{
			Definition: j.Definition, Digest: j.Digest(),
			Execute: func(ctx context.Context, run store.Run) scheduler.Result {
				defer r.admin.runOver()
				return scheduler.Result(r.attempts.Run(ctx, command, run))
			},
		}
	}
	return list
}

// commandOf returns what an attempt of a job runs.
func commandOf(j jobfile.Job) attempt.Job {
	return attempt.Job{Command: j.Command, Env: j.Env, Dir: j.Dir, Timeout: j.Timeout, StopGrace: j.StopGrace}
}

// warnOfPrograms logs which jobs of a file name a program that is not on this machine. It may
// come later, so the file is right.
func (r *jobRunner) warnOfPrograms(f jobfile.File) {
	for _, j := range f.Jobs {
		if err := r.attempts.Check(commandOf(j)); err != nil {
			r.log.Warn().Err(err).Str("job", j.Name).Msg("the command of a job cannot be executed on this machine: its runs will fail here")
		}
	}
}

// beat takes the registry's time from the answer to a beat, and when that was sent.
func (r *jobRunner) beat(at time.Time, sent time.Duration) {
	r.clock.Store(at.UnixNano() - int64(sent))
	r.scheduler.Beat(at, sent)
	if ahead := time.Until(at); ahead.Abs() > clockDiffers && r.differs.CompareAndSwap(false, true) {
		r.log.Warn().Stringer("ahead", ahead.Round(time.Second)).Msg("the registry's clock is not that of this machine; schedules follow the registry's")
	}
}

// now returns the time of the registry's clock, as known from the last beat.
func (r *jobRunner) now() time.Time { return time.Unix(0, r.clock.Load()+int64(boottime.Now())).UTC() }

// peerTime is how long it may take to find out whether there is another candidate.
const peerTime = 5 * time.Second

// hasPeer reports whether another instance could take over from this one.
func (r *jobRunner) hasPeer(ctx context.Context, own uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(ctx, peerTime)
	defer cancel()
	_, err := r.registry.Candidate(ctx, r.conf.Group, r.now(), 3*r.conf.Timing.Interval+time.Second, own)
	return err == nil
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
		r.admin.defineJobs(f)
		r.warnOfPrograms(f)
		wait.Go(func() { r.compare(ctx, f, active) })
	})
}

// deliverer returns what tells a URL of the end of a run.
func deliverer(version string, secret *webhook.SecretFile) func(context.Context, string, store.Run) (bool, error) {
	sender := webhook.NewSender(version, secret)
	return func(ctx context.Context, to string, run store.Run) (again bool, err error) {
		err = sender.Send(ctx, to, run)
		return !errors.Is(err, webhook.ErrGone), err
	}
}
