package worker

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// Run runs the command in a term, and again after each exit that is not final. It
// starts the command only while more than the stop grace is left of the lease, and
// waits for such a lease otherwise.
//
// When ctx ends, the command's group gets SIGTERM, and whatever is left after the
// grace gets SIGKILL. If the cause of ctx is a heartbeat.Immediate whose Immediate returns true,
// everything gets SIGKILL at once. Run returns only when no descendant of the
// command is left, however long that takes. It returns:
//
//   - context.Cause(ctx), when ctx has ended;
//   - [*Exit], when the command's exit is final, or when it can never be executed.
//     A command that exits with 0 and leaves processes behind has failed, with
//     [CodeLeftBehind];
//   - [ErrFailed], after five failures in a row (of the command, or to start it) and
//     after each further one, so that a peer can try. It also returns it when the
//     guard died under config.RestartNever: the command did not end by itself, so
//     somebody has to run it. The next call of Run first waits until the backoff is
//     over;
//   - [ErrRunning], when another call has not returned yet.
func (c *Command) Run(ctx context.Context, t registry.Term, instance uuid.UUID) error {
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return ErrRunning
	}
	c.running = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.running = false
		c.mu.Unlock()
		c.prepareSoon()
	}()

	if delay := time.Until(c.notBefore); delay > 0 {
		c.spec.Log.Info().Stringer("in", delay.Round(time.Millisecond)).Msg("the command failed before: delaying its next start")
	}
	for {
		if err := c.waitForStart(ctx); err != nil {
			return err
		}
		if done, err := c.runOnce(ctx, t, instance); done {
			return err
		}
	}
}

// waitForStart waits until the backoff is over and enough is left of the lease.
func (c *Command) waitForStart(ctx context.Context) error {
	if delay := time.Until(c.notBefore); delay > 0 && ctx.Err() == nil {
		if err := c.Prepare(ctx); err != nil {
			c.spec.Log.Warn().Err(err).Msg("no guard is ready for the next start yet")
		}
		_ = sleep(ctx, time.Until(c.notBefore))
	}
	for ctx.Err() == nil {
		c.mu.Lock()
		lease, leased := c.lease, c.leased
		c.mu.Unlock()
		if boottime.Now() < lease-c.spec.Timing.StopGrace {
			return nil
		}
		c.spec.Log.Debug().Msg("waiting for a lease")
		select {
		case <-leased:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// runOnce starts the command and returns when nothing of it is left. If done, Run
// returns err; otherwise it starts the command again.
func (c *Command) runOnce(ctx context.Context, t registry.Term, instance uuid.UUID) (done bool, err error) {
	path, err := locate(c.spec.Path)
	if err != nil {
		return c.notExecuted(err, 0, c.spec.Log)
	}
	g, err := c.takeGuard(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return true, context.Cause(ctx)
		}
		return c.notStarted(err, 0, c.spec.Log)
	}
	mark := newMark()
	killed := c.begin(ctx, g, guard.Order{
		Path: path, Dir: c.spec.Dir, Args: c.spec.Args, Env: append(environ(c.spec.Env, t, instance), mark), Mark: mark,
		Grace: c.spec.Timing.StopGrace, Margin: c.spec.Timing.KillMargin(),
	})
	if killed == nil {
		g.Abort()
		for range g.Events() {
		}
		return true, context.Cause(ctx)
	}
	defer func() {
		c.mu.Lock()
		c.current = nil
		c.mu.Unlock()
	}()
	begin := time.Now()
	end := run{name: "command", guard: g, log: c.spec.Log, grace: c.spec.Timing.StopGrace, killed: killed}.supervise(ctx)
	return c.ended(ctx, g, path, end, time.Since(begin))
}

// begin gives a guard its order, with the lease as it is now. It returns a channel
// that gets a value when Kill is called, or nil if ctx has ended: a Kill that followed
// that did not reach this run.
func (c *Command) begin(ctx context.Context, g *guard.Guard, o guard.Order) (killed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	if c.exitedItself {
		c.restarts.Add(1)
		c.exitedItself = false
	}
	c.current, c.killed, c.leaseEnded = g, make(chan struct{}, 1), false
	o.Lease = c.lease
	g.Run(o)
	return c.killed
}

// newMark returns an entry of the environment that no other run has.
func newMark() string { return config.EnvRun + "=" + rand.Text() }
