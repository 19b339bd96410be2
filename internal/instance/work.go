package instance

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/heartbeat"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker"
)

// work is what an instance does while it is active: it runs the command, the jobs, or
// both. It is the heartbeat.Guard of the member.
type work struct {
	command  *worker.Command  // nil if there is none
	executor *worker.Executor // of runs; nil if there is no jobs file
	jobs     *jobRunner       // set by addJobs; nil if there is no jobs file
	warn     func()           // set by addJobs: warns of jobs that nobody runs

	mu     sync.Mutex
	yield  context.CancelCauseFunc // tells the command of the present term to stop
	leaves bool                    // Drain was called in the present term
}

// newWork returns the work of a plan, which has to get its jobs yet. It starts nothing.
func (p Plan) newWork(log zerolog.Logger) (*work, error) {
	w := &work{}
	if p.command != nil {
		spec := *p.command
		spec.Log = log
		command, err := worker.NewCommand(spec)
		if err != nil {
			return nil, err
		}
		w.command = command
	}
	if p.file != nil {
		executor, err := worker.NewExecutor(worker.ExecutorSpec{Timing: p.conf.Timing, Ready: min(p.conf.MaxRuns, readyGuards), Log: log, Isolation: p.conf.Isolation})
		if err != nil {
			return nil, err
		}
		w.executor = executor
	}
	return w, nil
}

// addJobs adds the jobs of a plan, if it has a jobs file.
func (p Plan) addJobs(w *work, reg store.Backend, admin *adminServer, log zerolog.Logger) (err error) {
	if p.file == nil {
		w.warn = func() { warnOfJobs(reg.Jobs(), p.conf.Group, log) }
		return nil
	}
	w.jobs, err = p.newJobRunner(w.executor, reg, admin, log)
	return err
}

// role takes a change of role. It never blocks.
func (w *work) role(c heartbeat.Change) {
	if w.warn != nil && c.Role == registry.Active {
		go w.warn()
	}
}

// time takes the registry's time from the answer to a beat, and when that was sent.
func (w *work) time(at time.Time, sent time.Duration) {
	if w.jobs != nil {
		w.jobs.beat(at, sent)
	}
}

// Extend implements heartbeat.Guard.
func (w *work) Extend(until time.Duration) {
	if w.command != nil {
		w.command.Extend(until)
	}
	if w.jobs != nil {
		w.executor.Extend(until)
		w.jobs.scheduler.Extend(until)
	}
}

// Kill implements heartbeat.Guard.
func (w *work) Kill() {
	if w.command != nil {
		w.command.Kill()
	}
	if w.executor != nil {
		w.executor.Kill()
	}
}

// startPreparing starts prepare, which takes as long as the registry needs to be opened. The
// function that it returns waits for the end of it.
func (w *work) startPreparing(ctx context.Context) (wait func() error) {
	done := make(chan error, 1)
	go func() { done <- w.prepare(ctx) }()
	return sync.OnceValue(func() error { return <-done })
}

// prepare starts what the work needs before the instance is active.
func (w *work) prepare(ctx context.Context) error {
	if w.command != nil {
		if err := w.command.Prepare(ctx); err != nil {
			return err
		}
	}
	if w.executor != nil {
		return w.executor.Prepare(ctx)
	}
	return nil
}

// close ends what prepare has started.
func (w *work) close() {
	if w.command != nil {
		w.command.Close()
	}
	if w.executor != nil {
		w.executor.Close()
	}
}

// errDraining is the cause with which the command ends while runs of jobs may end by
// themselves.
var errDraining = errors.New("the instance is about to end its term")

// lead does the work of a term, and returns when nothing is left of it. It is a
// heartbeat.Lead.
func (w *work) lead(ctx context.Context, t registry.Term, instance uuid.UUID) error {
	if w.jobs == nil {
		return w.command.Run(ctx, t, instance)
	}
	defer context.AfterFunc(ctx, func() {
		if heartbeat.IsImmediate(context.Cause(ctx)) {
			w.Kill() // what was told to stop before has no time left now
		}
	})()
	if w.command == nil {
		return w.jobs.scheduler.Lead(ctx, t)
	}
	jobsCtx, stopJobs := context.WithCancelCause(ctx)
	defer stopJobs(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.jobs.scheduler.Lead(jobsCtx, t) // it returns the cause of its context
	}()
	err := w.runCommand(w.begin(ctx), t, instance)
	if w.end() { // the command was told to stop, and the runs of jobs may end by themselves
		<-ended
		return context.Cause(ctx)
	}
	if ctx.Err() == nil { // this instance does not go on with the command, so it ends its term
		w.jobs.scheduler.Drain(ctx)
	}
	stopJobs(errCommandOver)
	<-ended
	return err
}

// errCommandOver is the cause with which jobs end because the command beside them does not
// go on here: it is done, or it fails again and again, and somebody else could try.
var errCommandOver = errors.New("the command has ended")

// runCommand runs the command beside jobs. When it fails again and again, another instance
// may do better; if there is none, jobs go on here, and so do the attempts to start it.
func (w *work) runCommand(ctx context.Context, t registry.Term, instance uuid.UUID) error {
	for {
		err := w.command.Run(ctx, t, instance)
		if !errors.Is(err, worker.ErrFailed) || ctx.Err() != nil || w.jobs.hasPeer(ctx, instance) {
			return err
		}
	}
}

// begin returns the context of the command in a term.
func (w *work) begin(ctx context.Context) context.Context {
	ctx, yield := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.yield, w.leaves = yield, false
	return ctx
}

// end takes note that the command has ended. It reports whether Drain has told it to.
func (w *work) end() (drained bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.yield(nil)
	w.yield = nil
	return w.leaves
}

// drainer returns what heartbeat.Config.Drain is for this work; nil if it ends at once.
func (w *work) drainer() func(context.Context) {
	if w.jobs == nil {
		return nil
	}
	return w.drain
}

// drain tells the command to stop, and lets the runs of jobs end by themselves, each within
// its drain. It returns when nothing runs any more, or when ctx ends.
func (w *work) drain(ctx context.Context) {
	if ctx.Err() != nil {
		return // it is late, and the present term is another one already
	}
	w.mu.Lock()
	if w.yield != nil {
		w.leaves = true
		w.yield(errDraining)
	}
	w.mu.Unlock()
	w.jobs.scheduler.Drain(ctx)
}

// follow has each new version of the jobs file taken, until the function that it returns
// is called. The function active reports whether this instance is the active one.
func (w *work) follow(ctx context.Context, active func() bool) (stop func()) {
	if w.jobs == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.jobs.follow(ctx, active)
	}()
	return func() {
		cancel()
		<-ended
	}
}
