package guard

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// Guard takes the place of the guard process, which Windows does not need: it is a
// job object. When the last handle of the job closes, also because this process
// died, the kernel ends every process in it. A goroutine of this process serves it,
// so nothing ends a command while this process is suspended.
type Guard struct {
	job    windows.Handle
	out    Output
	events chan Event
	kick   chan struct{} // wakes serve
	gone   chan struct{} // closed when serve has returned

	mu      sync.Mutex
	order   *Order
	lease   time.Duration
	killAt  time.Duration // while stopping
	asked   bool          // Stop or Kill was called
	killed  bool          // the command is to be killed at once
	aborted bool          // Abort was called, and nobody had asked for the command's end
}

// Start makes a job. The error wraps ErrStart.
func Start(ctx context.Context, out Output) (*Guard, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, context.Cause(ctx))
	}
	job, err := newJob()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	g := &Guard{job: job, out: out, events: make(chan Event, 8), kick: make(chan struct{}, 1), gone: make(chan struct{})}
	go g.serve()
	return g, nil
}

// PID returns 0: there is no guard process.
func (g *Guard) PID() int { return 0 }

// Events reports what happens. It is closed when nothing of the command is left.
func (g *Guard) Events() <-chan Event { return g.events }

// Ping returns nil: a guard without a command only waits for one.
func (g *Guard) Ping(context.Context) error { return nil }

// Dismiss ends a guard that has no command.
func (g *Guard) Dismiss() { g.Abort() }

// Idle returns false: a job serves one run.
func (g *Guard) Idle() bool { return false }

// Run has the command run. It is called once.
func (g *Guard) Run(o Order) { g.change(func() { g.order, g.lease = &o, max(g.lease, o.Lease) }) }

// Extend moves the end of the lease.
func (g *Guard) Extend(until time.Duration) { g.change(func() { g.lease = max(g.lease, until) }) }

// Stop has the command asked to stop, and killed at the given instant.
func (g *Guard) Stop(killAt time.Duration) {
	g.change(func() {
		if g.killAt == 0 {
			g.killAt, g.asked = killAt, true
		}
	})
}

// Kill has the command killed.
func (g *Guard) Kill() { g.change(func() { g.asked, g.killed = true, true }) }

// Abort ends a guard that has no command yet, or kills the command.
func (g *Guard) Abort() { g.change(func() { g.killed, g.aborted = true, !g.asked }) }

// change changes the fields that serve reads, and wakes it.
func (g *Guard) change(f func()) {
	g.mu.Lock()
	f()
	g.mu.Unlock()
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// Survivors returns how many processes are left. Their names are not known here.
func (g *Guard) Survivors() []Process {
	if !g.Alive() {
		return nil
	}
	return []Process{{Name: fmt.Sprintf("%d in the job", active(g.job))}}
}

// BecomeSubreaper does nothing: the job holds every descendant.
func BecomeSubreaper() error { return nil }
