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

// Guard is a guard process, seen from Understudy. It guards one run of one
// command. Its methods never block.
type Guard struct {
	pid    int
	conn   *os.File
	tie    *os.File
	ready  chan error // one answer: nil or why it refused
	events chan Event
	kick   chan struct{} // something is to be written
	gone   chan struct{} // closed with the reader's end

	mu     sync.Mutex
	mark   string
	out    []byte        // to be written
	lease  time.Duration // to be written, the latest
	reaped bool
}

const startTimeout = 10 * time.Second

// Start starts a guard and waits until it is ready. ErrStart: it would not.
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

// PID is the guard's own number.
func (g *Guard) PID() int { return g.pid }

// Alive reports whether the guard is there.
func (g *Guard) Alive() bool {
	select {
	case <-g.gone:
		return false
	default:
		return true
	}
}

// Events reports what happens. It is closed once the guard is gone and, if it
// had a command, nothing of that is left.
func (g *Guard) Events() <-chan Event { return g.events }

// Run has the command run. It is called once.
func (g *Guard) Run(o Order) {
	g.mu.Lock()
	g.mark = o.Mark
	g.mu.Unlock()
	g.send(o.message())
}

// Extend moves the lease's end.
func (g *Guard) Extend(until time.Duration) {
	g.mu.Lock()
	g.lease = max(g.lease, until)
	g.mu.Unlock()
	g.poke()
}

// Stop has the command told to stop, and killed at the given instant.
func (g *Guard) Stop(killAt time.Duration) {
	g.send(message{kind: mStop, numbers: []int64{int64(killAt)}})
}

// Kill has the command killed. The tie does so for its group even if the guard
// does not answer.
func (g *Guard) Kill() {
	g.send(message{kind: mKill})
	if g.tie != nil {
		_ = g.tie.Close()
	}
}

// Abort kills the guard itself, one that is idle or does not answer.
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
	g.poke()
}

func (g *Guard) poke() {
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// Survivors are the processes that are left of the command, as far as they can
// be told from others: the living, or else the dead that nobody can bury, held
// by a tracer.
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
