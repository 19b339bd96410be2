package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"

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
//   - *Exit, the command's final exit;
//   - ErrFailed after five failures in a row, and after each further one; the
//     next call first sits out what is left of the backoff;
//   - ErrGuard, ErrRunning.
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

	for {
		if err := c.wait(ctx); err != nil {
			return err
		}
		g, err := c.take(ctx)
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		done, err := c.once(ctx, g, environ(c.spec.Env, t, instance), EnvInstance+"="+instance.String())
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
		select {
		case <-leased:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// once runs the command one time. It is done when Run is to return err.
func (c *Command) once(ctx context.Context, g *guard.Guard, env []string, mark string) (done bool, err error) {
	c.mu.Lock()
	c.current = g
	g.Run(guard.Order{
		Path: c.spec.Path, Args: c.spec.Args, Env: env, Mark: mark,
		Lease: c.lease, Grace: c.spec.Timing.StopGrace, Margin: c.spec.Timing.KillMargin(),
	})
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.current = nil
		c.mu.Unlock()
	}()

	begin := time.Now()
	end, killed := c.follow(ctx, g)
	ran := time.Since(begin)
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
		code = CodeNotExecutable
		if errors.Is(end.Err, fs.ErrNotExist) {
			code = CodeNotFound
		}
		log.Error().Err(end.Err).Str("path", c.spec.Path).Msg("command can't be executed")
	default:
		if ctx.Err() != nil {
			return true, context.Cause(ctx)
		}
		code = 128 + 9
		log.Error().Int("guard", g.PID()).Msg("the guard died, and the command with it")
	}

	if c.spec.Restart.final(code) {
		log.Info().Int("code", code).Msg("command exited for good")
		return true, &Exit{Code: code}
	}
	delay := c.backoff.exited(ran, code)
	c.next = time.Now().Add(delay)
	event := log.Warn()
	if code == 0 {
		event = log.Info()
	}
	event.Int("code", code).Int("failures", c.backoff.failures).Stringer("restart_in", delay).Msg("command exited")
	if c.backoff.failed() {
		return true, fmt.Errorf("%w: exit code %d", ErrFailed, code)
	}
	return false, nil
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
