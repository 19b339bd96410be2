package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// Spec describes a command.
type Spec struct {
	Path string   // the executable; a name without a separator is looked up at each start, see Resolve
	Dir  string   // to run it in, gone to by this name at each start; empty means this process's, see WorkingDir
	Args []string // argv, beginning with the command's name; empty means Path alone
	Env  []string // without the variables that Run adds; nil means this process's

	Restart Policy          // empty means Always
	Timing  registry.Timing // zero: registry.DefaultTiming
	Log     zerolog.Logger
}

// Command is a command that is run, again and again, in the terms of one
// process. Its methods may be called concurrently.
type Command struct {
	spec Spec

	mu      sync.Mutex
	lease   time.Duration // D, an instant of internal/boottime's clock
	leased  chan struct{} // closed when lease changes
	idle    *guard.Guard
	current *guard.Guard
	lapsed  bool          // the lease ran out while current had the command
	hurry   chan struct{} // to follow: Kill was called
	running bool

	restarts atomic.Int64

	soon   sync.WaitGroup // prepares, a while after Run returned
	closed context.Context
	close  context.CancelFunc

	// Of Run alone; they survive from one call to the next.
	backoff backoff
	next    time.Time // not to be started before
	retried bool      // at once, after a guard that died before it started anything
	exited  bool      // by itself, since it was last started
}

// NewCommand checks the description of a command. Nothing is started.
func NewCommand(spec Spec) (*Command, error) {
	if spec.Restart == "" {
		spec.Restart = Always
	}
	if spec.Timing == (registry.Timing{}) {
		spec.Timing = registry.DefaultTiming
	}
	if len(spec.Args) == 0 {
		spec.Args = []string{spec.Path}
	}
	if spec.Env == nil {
		spec.Env = os.Environ()
	}
	errs := []error{spec.Restart.Check(), spec.Timing.Check()}
	if spec.Path == "" {
		errs = append(errs, errors.New("no command"))
	}
	for _, s := range append(append([]string{spec.Path}, spec.Args...), spec.Env...) {
		if strings.ContainsRune(s, 0) {
			errs = append(errs, errors.New("a NUL in the path, an argument or the environment"))
			break
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	c := &Command{spec: spec, leased: make(chan struct{})}
	c.closed, c.close = context.WithCancel(context.Background())
	return c, nil
}

// Restarts is how often the command was started again after it, or its guard,
// had exited by itself.
func (c *Command) Restarts() int64 { return c.restarts.Load() }

// Prepare makes a guard ready beforehand, if none is: a promotion need not wait
// for it then, and it is known early that one can be had. ErrGuard.
func (c *Command) Prepare(ctx context.Context) error {
	c.mu.Lock()
	ready := c.idle != nil && c.idle.Alive()
	c.mu.Unlock()
	if ready {
		return nil
	}
	g, err := guard.Start(ctx, guard.ToStdout)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	c.mu.Lock()
	old := c.idle
	c.idle = g
	c.mu.Unlock()
	if old != nil {
		old.Abort()
	}
	return nil
}

// prepareSoon makes a guard ready for the next term, out of the way of the end
// of this one.
func (c *Command) prepareSoon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Err() != nil {
		return
	}
	c.soon.Go(func() {
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
			c.spec.Log.Warn().Err(err).Msg("no guard yet for the next term")
		}
	})
}

// ErrGuard says that the process that makes the command stop would not start.
var ErrGuard = guard.ErrStart

// Extend tells the end of the lease with each acknowledged beat, before Run as
// well as during it, as heartbeat.Guard has it. The command is
// told to stop G before the latest of them and dead at it, even if this process
// does not run then. Extend never blocks.
func (c *Command) Extend(until time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until <= c.lease {
		return
	}
	c.lapsed = c.lapsed || boottime.Now() >= c.lease
	c.lease = until
	close(c.leased)
	c.leased = make(chan struct{})
	if c.current != nil {
		c.current.Extend(until)
	}
}

// Kill kills the command at once, if it runs. It is for a Run whose context
// has ended already: without that, it is a failure like any other.
func (c *Command) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		c.current.Kill()
		select {
		case c.hurry <- struct{}{}:
		default:
		}
	}
}

// Close ends a guard that was made ready and is not needed. It does not touch
// a command that runs. No method is to be called after it.
func (c *Command) Close() error {
	c.mu.Lock()
	c.close()
	c.mu.Unlock()
	c.soon.Wait()
	c.mu.Lock()
	g := c.idle
	c.idle = nil
	c.mu.Unlock()
	if g != nil {
		g.Abort()
		for range g.Events() {
		}
	}
	return nil
}

// take returns a guard for one run: the one made ready, or a new one.
func (c *Command) take(ctx context.Context) (*guard.Guard, error) {
	c.mu.Lock()
	g := c.idle
	c.idle = nil
	c.mu.Unlock()
	if g != nil && g.Alive() {
		return g, nil
	}
	return guard.Start(ctx, guard.ToStdout)
}
