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

	"github.com/understudy-go/understudy/internal/lastwill"
)

// Guard is Understudy's handle of a guard process, for one run of one command, or for
// one after another. Its methods never block, but for Ping.
type Guard struct {
	pid       int
	isolation string // what is in effect, in words, once the guard is ready
	slot      slot   // what the last will knows of it
	conn      *os.File
	tie       *os.File
	ready     chan error // gets nil when the guard is ready, or else why it is not
	events    chan Event
	kick      chan struct{} // wakes the writer
	gone      chan struct{} // closed when the reader has returned: the guard is reaped

	mu     sync.Mutex
	run    int64         // the number of the latest order; 0: there was none
	over   bool          // that run has ended
	used   bool          // Stop, Kill or Abort was called: the guard serves no other run
	mark   string        // of that run
	out    []byte        // messages to be written
	files  []*os.File    // to be passed along with them
	lease  time.Duration // the latest lease, to be written after them; 0: none
	reaped bool
}

const startTimeout = 10 * time.Second

// Start starts a guard and waits until it is ready. The error wraps ErrStart.
func Start(ctx context.Context, out Output) (*Guard, error) { return startWith(ctx, out, None) }

func startWith(ctx context.Context, out Output, i Isolation) (*Guard, error) {
	if lastwill.Executing() {
		return nil, fmt.Errorf("%w: %w", ErrStart, lastwill.ErrExecuting)
	}
	pid, conn, tie, place, err := spawnOwn(out, i)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		err = fmt.Errorf("%w: raise the limit of this process (RLIMIT_NOFILE, ulimit -n) or of the machine", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	g := &Guard{
		pid:    pid,
		slot:   place,
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
	g.slot.ready(g)
	return g, nil
}

// PID returns the guard's own PID.
func (g *Guard) PID() int { return g.pid }

// Events reports what happens. It is closed when the guard is gone and, if it had
// a command, nothing of that is left.
func (g *Guard) Events() <-chan Event { return g.events }

// Run has the guard run a command. It is called once, and again after each event that
// says that the guard was kept.
func (g *Guard) Run(o Order) {
	g.mu.Lock()
	g.run++
	g.over, g.mark, g.lease = false, o.Mark, 0
	if !g.reaped { // then another guard may have its place
		g.slot.occupy()
	}
	o.endAt = g.slot.endOf(o.Run)
	g.queue(o.message())
	g.files = o.Output
	g.mu.Unlock()
	g.wakeWriter()
}

// Ping returns nil if an idle guard answers before ctx ends.
func (g *Guard) Ping(ctx context.Context) error {
	g.mu.Lock()
	g.queue(message{kind: msgPing})
	g.mu.Unlock()
	g.wakeWriter()
	select {
	case err := <-g.ready:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// maxRuns is how many runs a guard serves. Whatever it might keep of one run, such as
// memory, does not grow for ever.
const maxRuns = 1000

// Idle reports whether the guard may get another order: it has no command now, and
// nobody meant to end it or the latest one.
func (g *Guard) Idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return (g.run == 0 || g.over) && g.run < maxRuns && !g.used && !g.reaped
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
	g.end(message{kind: msgStop, numbers: []int64{int64(killAt)}})
}

// Kill has the guard kill the command. Closing the tie makes the kernel kill the
// command's group even if the guard does not answer.
func (g *Guard) Kill() {
	g.end(message{kind: msgKill})
	if g.tie != nil {
		_ = g.tie.Close()
	}
}

// Dismiss has a guard that has no command exit. One that is frozen does not.
func (g *Guard) Dismiss() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used = true
	if raw, err := g.conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
	}
}

// Abort kills the guard itself. It is for a guard that has no command, or one that
// does not answer.
func (g *Guard) Abort() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used = true
	if !g.reaped {
		_ = syscall.Kill(g.pid, syscall.SIGKILL)
	}
}

// end sends a message that ends the run.
func (g *Guard) end(m message) {
	g.mu.Lock()
	g.used = true
	g.queue(m)
	g.mu.Unlock()
	g.wakeWriter()
}

// queue adds a message about the latest run to those to be written. g.mu must be locked.
func (g *Guard) queue(m message) {
	m.run = g.run
	g.out = m.appendTo(g.out)
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
