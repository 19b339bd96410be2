package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/worker/internal/guard"
)

// ErrGuard says that the guard, the process that ends the command, could not be
// started.
var ErrGuard = guard.ErrStart

// Prepare starts a guard, unless one is ready. A promotion does not have to wait
// for it then, and it is known early whether one can be started. The error wraps
// ErrGuard.
func (c *Command) Prepare(ctx context.Context) error {
	c.mu.Lock()
	ready := c.prepared != nil && c.prepared.Alive()
	c.mu.Unlock()
	if ready {
		return nil
	}
	g, err := c.startGuard(ctx)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	c.mu.Lock()
	old := c.prepared
	c.prepared = g
	c.mu.Unlock()
	if old != nil {
		old.Abort()
	}
	return nil
}

// prepareSoon starts a guard for the next term, a second later, so that it does not
// delay the end of this term.
func (c *Command) prepareSoon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Err() != nil {
		return
	}
	c.preparing.Go(func() {
		if sleep(c.closed, time.Second) != nil {
			return
		}
		c.mu.Lock()
		running := c.running
		c.mu.Unlock()
		if running {
			return
		}
		if err := c.Prepare(c.closed); err != nil && c.closed.Err() == nil {
			c.spec.Log.Warn().Err(err).Msg("no guard is ready for the next term yet")
		}
	})
}

// takeGuard returns a guard for one run: the prepared one, or a new one.
func (c *Command) takeGuard(ctx context.Context) (*guard.Guard, error) {
	c.mu.Lock()
	g := c.prepared
	c.prepared = nil
	c.mu.Unlock()
	if g != nil && g.Alive() {
		return g, nil
	}
	return c.startGuard(ctx)
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
