package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// ExecutorSpec describes an executor.
type ExecutorSpec struct {
	Timing registry.Timing // zero means registry.DefaultTiming
	Ready  int             // how many guards are kept for the runs to come; each takes about 2 MB of its own
	Log    zerolog.Logger

	Isolation config.Isolation // of each run; empty means config.IsolationNone
}

// Executor runs commands that end: each once, several at a time, all under the lease
// of this process. It is a heartbeat.Guard. Its methods may be called concurrently.
type Executor struct {
	spec      ExecutorSpec
	isolation isolationLog

	mu      sync.Mutex
	lease   time.Duration // D, an instant of internal/boottime's clock
	current map[*execution]bool
	ready   []*guard.Guard // without a command; the last one was used last
	closed  bool

	replacing sync.WaitGroup // goroutines of replace
}

// execution is one call of Run that has given its order to a guard.
type execution struct {
	guard *guard.Guard
	kill  chan struct{} // gets a value when Kill was called

	// Executor.mu must be locked for these while the execution is in Executor.current.
	killed     bool // Kill was called
	leaseEnded bool // the lease ended at least once since the order
}

// NewExecutor checks the description of an executor. It starts nothing.
func NewExecutor(spec ExecutorSpec) (*Executor, error) {
	if spec.Timing == (registry.Timing{}) {
		spec.Timing = registry.DefaultTiming
	}
	if spec.Isolation == "" {
		spec.Isolation = config.IsolationNone
	}
	err := errors.Join(spec.Isolation.Check(), spec.Timing.Check())
	if spec.Ready < 0 {
		err = errors.Join(err, fmt.Errorf("%d ready guards: want 0 or more", spec.Ready))
	}
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	return &Executor{spec: spec, current: make(map[*execution]bool)}, nil
}

// Extend sets the end of the lease of all runs, as [Command.Extend] does. It never
// blocks.
func (e *Executor) Extend(until time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if until <= e.lease {
		return
	}
	ended := boottime.Now() >= e.lease
	e.lease = until
	for x := range e.current {
		x.leaseEnded = x.leaseEnded || ended
		x.guard.Extend(until)
	}
}

// Kill kills all runs at once. It never blocks.
func (e *Executor) Kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for x := range e.current {
		x.killed = true
		x.guard.Kill()
		select {
		case x.kill <- struct{}{}:
		default:
		}
	}
}

// Close ends the guards that are ready. It does not touch runs, whose guards end with
// them from then on.
func (e *Executor) Close() {
	e.mu.Lock()
	ready := e.ready
	e.ready, e.closed = nil, true
	e.mu.Unlock()
	e.replacing.Wait()
	for _, g := range ready {
		retire(g)
	}
}

// StopGrace returns how long a run may take to stop at most.
func (e *Executor) StopGrace() time.Duration { return e.spec.Timing.StopGrace }

// HasLease reports whether more than the stop grace is left of the lease, so that a run may
// start.
func (e *Executor) HasLease() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return boottime.Now() < e.lease-e.spec.Timing.StopGrace
}

// begin gives a guard its order, with the lease as it is now. It returns nil if ctx has
// ended: a Kill that followed that did not reach this run.
func (e *Executor) begin(ctx context.Context, g *guard.Guard, o guard.Order) *execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	x := &execution{guard: g, kill: make(chan struct{}, 1)}
	e.current[x] = true
	o.Lease = e.lease
	g.Run(o)
	return x
}

// over forgets a run, of which nothing is left.
func (e *Executor) over(x *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.current, x)
	x.leaseEnded = x.leaseEnded || boottime.Now() >= e.lease
}

// Prepare starts a guard, unless one is ready, so that the first run does not have to
// wait for it, and it is known early whether one can be started. The error wraps
// ErrGuard.
func (e *Executor) Prepare(ctx context.Context) error {
	e.mu.Lock()
	e.forgetDead()
	has := len(e.ready) > 0
	e.mu.Unlock()
	if has {
		return nil
	}
	g, err := e.startGuard(ctx)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if !e.keep(g) {
		retire(g)
	}
	return nil
}

// pingTime is how long a guard that was idle may take to answer before another one
// takes its place. It may have been frozen, and the run can only be started once.
const pingTime = time.Second

// take returns a guard without a command.
func (e *Executor) take(ctx context.Context) (*guard.Guard, error) {
	for {
		e.mu.Lock()
		e.forgetDead()
		var g *guard.Guard
		if n := len(e.ready); n > 0 {
			g, e.ready = e.ready[n-1], e.ready[:n-1]
		}
		e.mu.Unlock()
		if g == nil {
			return e.startGuard(ctx)
		}
		pinging, cancel := context.WithTimeout(ctx, pingTime)
		err := g.Ping(pinging)
		cancel()
		if err == nil {
			return g, nil
		}
		g.Abort()
		retire(g)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		e.spec.Log.Warn().Err(err).Int("guard", g.PID()).Msg("an idle guard does not answer: it was killed, and another one takes its place")
	}
}

// keep adds a guard to those that are ready, if there is room.
func (e *Executor) keep(g *guard.Guard) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forgetDead()
	if e.closed || len(e.ready) >= e.spec.Ready {
		return false
	}
	e.ready = append(e.ready, g)
	return true
}

// forgetDead removes the guards that died while they were ready. e.mu must be locked.
func (e *Executor) forgetDead() {
	living := e.ready[:0]
	for _, g := range e.ready {
		if g.Alive() {
			living = append(living, g)
		}
	}
	e.ready = living
}

// retire ends a guard that has no command. It does not kill the guard unless it has to:
// the init of a container takes a guard that was killed for a failure.
func retire(g *guard.Guard) {
	g.Dismiss()
	abort := time.AfterFunc(pingTime, g.Abort)
	defer abort.Stop()
	for range g.Events() {
	}
}
