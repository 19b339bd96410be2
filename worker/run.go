package worker

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// outsideTime is how long after the command and its guard were signalled by
// somebody else the order to stop may come: systemd signals all of a unit.
const outsideTime = 5 * time.Second

// Run runs the command in a term, and again after each exit that is not final.
// It starts it only under a lease with more than the grace left, and waits for
// one otherwise.
//
// When ctx ends, the command's group gets SIGTERM and, after the grace,
// whatever is left SIGKILL; if the cause of ctx has a method Immediate() bool
// that returns true, everything gets SIGKILL at once. Run returns only when no
// descendant of the command is left, however long that takes:
//
//   - context.Cause(ctx), told to stop;
//   - *Exit, the command's final exit, or that it can never be executed. A command
//     that exits with 0 and leaves processes behind has failed, with CodeLeftBehind;
//   - ErrFailed after five failures in a row (of the command, or to start it), and
//     after each further one, or when the guard died under Never: the command did
//     not end by itself, and somebody is to run it. The next call first sits out
//     what is left of the backoff;
//   - ErrRunning.
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

	if delay := time.Until(c.next); delay > 0 {
		c.spec.Log.Info().Stringer("in", delay.Round(time.Millisecond)).Msg("command is started later, for its failures before")
	}
	for {
		if err := c.wait(ctx); err != nil {
			return err
		}
		path, err := located(c.spec.Path)
		if err != nil {
			if done, err := c.notExecuted(err, 0, c.spec.Log); done {
				return err
			}
			continue
		}
		g, err := c.take(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if done, err := c.notStarted(err, 0, c.spec.Log); done {
				return err
			}
			continue
		}
		mark := EnvRun + "=" + rand.Text()
		done, err := c.once(ctx, g, path, append(environ(c.spec.Env, t, instance), mark), mark)
		if done {
			return err
		}
	}
}

// wait sits out the backoff, and waits for a lease to start under.
func (c *Command) wait(ctx context.Context) error {
	if delay := time.Until(c.next); delay > 0 && ctx.Err() == nil {
		if err := c.Prepare(ctx); err != nil {
			c.spec.Log.Warn().Err(err).Msg("no guard yet for the next start")
		}
		_ = sleep(ctx, time.Until(c.next))
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

// once runs the command one time. It is done when Run is to return err.
func (c *Command) once(ctx context.Context, g *guard.Guard, path string, env []string, mark string) (done bool, err error) {
	c.mu.Lock()
	if c.exited {
		c.restarts.Add(1)
		c.exited = false
	}
	c.current, c.hurry, c.lapsed = g, make(chan struct{}, 1), false
	g.Run(guard.Order{
		Path: path, Dir: c.spec.Dir, Args: c.spec.Args, Env: env, Mark: mark,
		Lease: c.lease, Grace: c.spec.Timing.StopGrace, Margin: c.spec.Timing.KillMargin(),
	})
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.current = nil
		c.mu.Unlock()
	}()

	begin := time.Now()
	end, started, killed := c.follow(ctx, g, c.hurry)
	ran := time.Since(begin)
	c.retried = c.retried && !started
	log := c.spec.Log.With().Stringer("ran", ran.Round(time.Millisecond)).Logger()
	if killed {
		c.backoff.ran(ran)
		return true, context.Cause(ctx)
	}

	code := end.Code
	switch end.Kind {
	case guard.Exited:
		switch end.Why {
		case guard.Asked:
			if ctx.Err() != nil {
				c.backoff.ran(ran)
				return true, context.Cause(ctx)
			}
		case guard.Itself: // or by somebody who told us, too, and the guard last
			if ctx.Err() != nil {
				c.backoff.ran(ran)
				return true, context.Cause(ctx)
			}
		case guard.Expired:
			c.backoff.ran(ran)
			log.Warn().Msg("command stopped: the lease ran out")
			return false, nil
		case guard.Outside:
			if sleep(ctx, outsideTime) != nil {
				c.backoff.ran(ran)
				return true, context.Cause(ctx)
			}
		}
	case guard.Late:
		return false, nil
	case guard.NotStarted:
		return c.notExecuted(diagnosed(path, end.Err), ran, log)
	default:
		return c.guardDied(ctx, g, started, ran, log)
	}

	why := fmt.Sprintf("exit code %d", code)
	if end.Left > 0 && end.Why == guard.Itself {
		event := log.Warn()
		if code == 0 {
			code, event = CodeLeftBehind, log.Error()
		}
		why += ", and it " + leftBehind(end.Left)
		event.Int("code", end.Code).Msgf("the command exited, and it %s: run it in the foreground, and have it wait for what it starts", leftBehind(end.Left))
	}
	return c.over(code, why, ran, log)
}

// notExecuted is what follows a start at which the command could not be executed.
func (c *Command) notExecuted(err error, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	code := startCode(err)
	if code == 0 {
		return c.notStarted(err, ran, log)
	}
	log.Error().Err(err).Str("path", c.spec.Path).Msg("command can't be executed")
	return c.over(code, err.Error(), ran, log)
}

// over is what follows an exit, or a start that was none.
func (c *Command) over(code int, why string, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	if c.spec.Restart.final(code) {
		log.Info().Int("code", code).Msg("command exited for good")
		return true, &Exit{Code: code}
	}
	delay := c.delay(ran, code)
	event := log.Warn()
	if code == 0 {
		event = log.Info()
	}
	event.Int("code", code).Int("failures", c.backoff.failures).Stringer("restart_in", delay).Msg("command exited")
	if c.backoff.failed() {
		return true, fmt.Errorf("%w: %s", ErrFailed, why)
	}
	return false, nil
}

// leftBehind says what became of the processes that a command did not wait for.
func leftBehind(n int) string {
	if n == 1 {
		return "left 1 process behind, which was killed"
	}
	return fmt.Sprintf("left %d processes behind, which were killed", n)
}

// notStarted is what follows a start that failed for want of something, such as
// memory or a process's number, which is no exit of the command either.
func (c *Command) notStarted(err error, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	delay := c.delay(ran, CodeNotExecutable)
	log.Error().Err(err).Str("path", c.spec.Path).Int("failures", c.backoff.failures).Stringer("restart_in", delay).
		Msg("command could not be started, which may pass")
	if c.backoff.failed() {
		return true, fmt.Errorf("%w: it could not be started: %w", ErrFailed, err)
	}
	return false, nil
}

// guardDied is what follows the death of a guard, which is no exit of the
// command, whatever the policy says: the work is not done.
func (c *Command) guardDied(ctx context.Context, g *guard.Guard, started bool, ran time.Duration, log zerolog.Logger) (done bool, err error) {
	log = log.With().Int("guard", g.PID()).Logger()
	c.mu.Lock()
	lapsed := c.lapsed || boottime.Now() >= c.lease
	c.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		c.backoff.ran(ran)
		return true, context.Cause(ctx)
	case lapsed: // the kernel's timer
		c.backoff.ran(ran)
		log.Warn().Msg("the guard died: the lease ran out")
		return false, nil
	case !started && !c.retried: // it was dead already while it waited for its order
		c.retried = true
		log.Warn().Msg("the guard died before the command started: taking another")
		return false, nil
	}
	delay := c.delay(ran, 128+9)
	log.Error().Int("failures", c.backoff.failures).Stringer("restart_in", delay).Msg("the guard died, and the command with it")
	if started && c.spec.Restart == Never || c.backoff.failed() {
		return true, fmt.Errorf("%w: its guard died", ErrFailed)
	}
	return false, nil
}

// delay notes an exit, and returns how long to wait before the next start.
func (c *Command) delay(ran time.Duration, code int) time.Duration {
	c.exited = true
	d := c.backoff.exited(ran, code)
	c.next = time.Now().Add(d)
	return d
}

// sleep returns an error if ctx ends before d is over.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
