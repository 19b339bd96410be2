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

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// Spec describes a command.
type Spec struct {
	Path string   // the executable; a name without a separator is looked up at each start, see Resolve
	Dir  string   // the working directory, entered by this name at each start; empty means this process's, see WorkingDir
	Args []string // argv, beginning with the command's name; empty means Path alone
	Env  []string // without the variables that Run adds; nil means this process's

	Restart config.Restart  // empty means config.RestartAlways
	Timing  registry.Timing // zero means registry.DefaultTiming

	Isolation config.Isolation // empty means config.IsolationNone

	// Log gets one line for each thing that happens. It has to exist before the
	// heartbeat.Member, whose Config.Guard is the Command.
	Log zerolog.Logger
}

// Command runs a command, again and again, in the terms of one process. It is the
// heartbeat.Guard of a member, and Run returns what a heartbeat.Lead may return.
// Its methods may be called concurrently.
type Command struct {
	spec Spec

	mu         sync.Mutex
	lease      time.Duration // D, an instant of internal/boottime's clock
	leased     chan struct{} // closed when lease changes
	leaseEnded bool          // lease ended at least once while current had the command
	prepared   *guard.Guard  // ready, without a command
	current    *guard.Guard  // of the command that runs
	killed     chan struct{} // gets a value when Kill was called for current
	running    bool          // Run is being called

	restarts  atomic.Int64
	isolation isolationLog

	preparing sync.WaitGroup // goroutines of prepareSoon
	closed    context.Context
	close     context.CancelFunc

	// Only Run uses these, and keeps them from one call to the next.
	backoff      backoff
	notBefore    time.Time // the next start is not before this
	replaced     bool      // a guard that died before the command started was replaced at once
	exitedItself bool      // the command, or its guard, since it was last started
}

// NewCommand checks the description of a command. It starts nothing.
func NewCommand(spec Spec) (*Command, error) {
	if spec.Restart == "" {
		spec.Restart = config.RestartAlways
	}
	if spec.Timing == (registry.Timing{}) {
		spec.Timing = registry.DefaultTiming
	}
	if spec.Isolation == "" {
		spec.Isolation = config.IsolationNone
	}
	if len(spec.Args) == 0 {
		spec.Args = []string{spec.Path}
	}
	if spec.Env == nil {
		spec.Env = os.Environ()
	}
	errs := []error{spec.Restart.Check(), spec.Isolation.Check(), spec.Timing.Check()}
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

// Restarts returns how often the command was started again after it, or its guard,
// had exited by itself.
func (c *Command) Restarts() int64 { return c.restarts.Load() }

// Extend sets the end of the lease, an instant of the clock that internal/boottime
// reads, if it is later than the previous one. It is called with each acknowledged
// beat, before Run as well as during it. The command is asked to stop G before the
// latest end and is dead at it, even if this process does not run then. Extend
// never blocks.
func (c *Command) Extend(until time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until <= c.lease {
		return
	}
	c.leaseEnded = c.leaseEnded || boottime.Now() >= c.lease
	c.lease = until
	close(c.leased)
	c.leased = make(chan struct{})
	if c.current != nil {
		c.current.Extend(until)
	}
}

// Kill kills the command at once, if it runs. It is meant for a Run whose context
// has ended already; otherwise the exit counts as a failure like any other. Kill
// never blocks.
func (c *Command) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		c.current.Kill()
		select {
		case c.killed <- struct{}{}:
		default:
		}
	}
}

// Close ends a prepared guard. It does not touch a command that runs. No method may
// be called after it.
func (c *Command) Close() {
	c.mu.Lock()
	c.close()
	c.mu.Unlock()
	c.preparing.Wait()
	c.mu.Lock()
	g := c.prepared
	c.prepared = nil
	c.mu.Unlock()
	if g != nil {
		g.Abort()
		for range g.Events() {
		}
	}
}
