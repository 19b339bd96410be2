//go:build unix

package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// Guard is Understudy's handle of a guard process, for one run of one command.
// Its methods never block.
type Guard struct {
	pid    int
	conn   *os.File
	tie    *os.File
	ready  chan error // gets nil when the guard is ready, or else why it is not
	events chan Event
	kick   chan struct{} // wakes the writer
	gone   chan struct{} // closed when the reader has returned: the guard is reaped

	mu     sync.Mutex
	mark   string
	out    []byte        // messages to be written
	lease  time.Duration // the latest lease, to be written after them; 0: none
	reaped bool
}

const startTimeout = 10 * time.Second

// Start starts a guard and waits until it is ready. The error wraps ErrStart.
func Start(ctx context.Context, out Output) (*Guard, error) {
	pid, conn, tie, err := spawnOwn(out)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		err = fmt.Errorf("%w: raise the limit of this process (RLIMIT_NOFILE, ulimit -n) or of the machine", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	g := &Guard{
		pid:    pid,
		conn:   os.NewFile(uintptr(conn), "guard"),
		ready:  make(chan error, 1),
		events: make(chan Event, 8),
		kick:   make(chan struct{}, 1),
		gone:   make(chan struct{}),
	}
	if tie >= 0 {
		g.tie = os.NewFile(uintptr(tie), "tie")
	}
	go g.read()
	go g.write()

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case err = <-g.ready:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		g.Abort()
		for range g.events {
		}
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	return g, nil
}

// PID returns the guard's own PID.
func (g *Guard) PID() int { return g.pid }

// Events reports what happens. It is closed when the guard is gone and, if it had
// a command, nothing of that is left.
func (g *Guard) Events() <-chan Event { return g.events }

// Run has the guard run a command. It is called once.
func (g *Guard) Run(o Order) {
	g.mu.Lock()
	g.mark = o.Mark
	g.mu.Unlock()
	g.send(o.message())
}

// Extend moves the end of the lease.
func (g *Guard) Extend(until time.Duration) {
	g.mu.Lock()
	g.lease = max(g.lease, until)
	g.mu.Unlock()
	g.wakeWriter()
}

// Stop has the guard send SIGTERM to the command, and SIGKILL at the given instant.
func (g *Guard) Stop(killAt time.Duration) {
	g.send(message{kind: msgStop, numbers: []int64{int64(killAt)}})
}

// Kill has the guard kill the command. Closing the tie makes the kernel kill the
// command's group even if the guard does not answer.
func (g *Guard) Kill() {
	g.send(message{kind: msgKill})
	if g.tie != nil {
		_ = g.tie.Close()
	}
}

// Abort kills the guard itself. It is for a guard that has no command yet, or one
// that does not answer.
func (g *Guard) Abort() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.reaped {
		_ = syscall.Kill(g.pid, syscall.SIGKILL)
	}
}

func (g *Guard) send(m message) {
	g.mu.Lock()
	g.out = m.appendTo(g.out)
	g.mu.Unlock()
	g.wakeWriter()
}

func (g *Guard) wakeWriter() {
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// Survivors returns the processes that are left of the command, as far as they can
// be told from others. If none of them is alive, it returns the dead ones that
// cannot be reaped, since a tracer holds them.
func (g *Guard) Survivors() []Process {
	g.mu.Lock()
	mark, reaped := g.mark, g.reaped
	g.mu.Unlock()
	if reaped {
		return nil
	}
	guards.Lock()
	list, err := family(g.pid, mark)
	guards.Unlock()
	if err != nil {
		return []Process{{Name: "not known: " + err.Error()}}
	}
	var living, dead []Process
	for _, p := range list {
		if p.dead() {
			dead = append(dead, Process{PID: p.pid, Name: p.comm + " (dead)"})
		} else {
			living = append(living, Process{PID: p.pid, Name: p.comm})
		}
	}
	if len(living) == 0 {
		return dead
	}
	return living
}
