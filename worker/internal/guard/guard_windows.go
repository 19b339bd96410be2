package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/windows"

	"github.com/understudy-go/understudy/internal/boottime"
)

// Guard is a job object: when its last handle closes, be it because this
// process died, the kernel kills everything in it. It is served by a goroutine
// of this process, so nothing ends a command while this process is suspended.
type Guard struct {
	job    windows.Handle
	out    Output
	events chan Event
	kick   chan struct{}
	gone   chan struct{}

	mu     sync.Mutex
	order  *Order
	lease  time.Duration
	killBy time.Duration
	asked  bool
	killed bool
	failed bool // it was ended without being asked to end the command
}

// Start makes a job. ErrStart: it could not.
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

// PID is 0: there is no process.
func (g *Guard) PID() int { return 0 }

// Alive reports whether the guard is there.
func (g *Guard) Alive() bool {
	select {
	case <-g.gone:
		return false
	default:
		return true
	}
}

// Events reports what happens. It is closed once nothing of the command is left.
func (g *Guard) Events() <-chan Event { return g.events }

// Run has the command run. It is called once.
func (g *Guard) Run(o Order) { g.change(func() { g.order, g.lease = &o, max(g.lease, o.Lease) }) }

// Extend moves the lease's end.
func (g *Guard) Extend(until time.Duration) { g.change(func() { g.lease = max(g.lease, until) }) }

// Stop has the command told to stop, and killed at the given instant.
func (g *Guard) Stop(killAt time.Duration) {
	g.change(func() {
		if g.killBy == 0 {
			g.killBy, g.asked = killAt, true
		}
	})
}

// Kill has the command killed.
func (g *Guard) Kill() { g.change(func() { g.asked, g.killed = true, true }) }

// Abort ends a guard that is idle, or kills the command.
func (g *Guard) Abort() { g.change(func() { g.killed, g.failed = true, !g.asked }) }

func (g *Guard) change(f func()) {
	g.mu.Lock()
	f()
	g.mu.Unlock()
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// serve does what the guard process does elsewhere.
func (g *Guard) serve() {
	defer close(g.events)
	defer close(g.gone)
	defer windows.CloseHandle(g.job)
	var o Order
	for {
		<-g.kick
		g.mu.Lock()
		order, killed := g.order, g.killed
		g.mu.Unlock()
		if order != nil {
			o = *order
			break
		}
		if killed {
			return
		}
	}
	if boottime.Now() >= o.Lease-o.Grace {
		g.events <- Event{Kind: Late}
		return
	}
	proc, err := startIn(g.job, g.out, o)
	if err != nil {
		g.events <- Event{Kind: NotStarted, Err: err}
		return
	}
	g.events <- Event{Kind: Started, PID: proc.Pid}
	code := 1
	exited := make(chan struct{}) // closed when code is known
	go func() {
		defer close(exited)
		if state, err := proc.Wait(); err == nil {
			code = state.ExitCode()
		}
	}()
	why := g.follow(o, proc.Pid, exited)
	left := active(g.job) // the command among them, if it did not exit by itself
	g.events <- Event{Kind: Killing}
	for nap := time.Millisecond; active(g.job) > 0; nap = min(2*nap, 50*time.Millisecond) {
		_ = windows.TerminateJobObject(g.job, 128+9)
		time.Sleep(nap)
	}
	<-exited
	g.mu.Lock()
	failed := g.failed
	g.mu.Unlock()
	if failed && why == 0 { // as if its process had died
		g.events <- Event{Kind: Died}
		return
	}
	g.events <- Event{Kind: Exited, Code: code, Why: why, Left: left}
}

// follow watches the command until it has exited or is to be killed.
func (g *Guard) follow(o Order, pid int, exited <-chan struct{}) (why Why) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	told := false
	var died time.Duration
	for {
		select {
		case <-exited:
			exited, died = nil, boottime.Now()
		case <-g.kick:
		case <-tick.C:
		}
		now := boottime.Now()
		if died != 0 && (active(g.job) == 0 || now >= died+lastMoment) {
			if why == 0 {
				why = Itself
			}
			return why
		}
		g.mu.Lock()
		if g.killBy == 0 && now >= g.lease-o.Grace {
			g.killBy, why = g.lease-o.Margin, Expired
		}
		stopping, killed := g.killBy != 0, g.killed
		late := now >= g.lease-o.Margin || stopping && now >= g.killBy
		if why == 0 && g.asked {
			why = Asked
		}
		g.mu.Unlock()
		if killed || late {
			return why
		}
		if stopping && !told {
			told = true
			_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(pid))
		}
	}
}

// Survivors are not known by name here.
func (g *Guard) Survivors() []Process {
	if !g.Alive() {
		return nil
	}
	return []Process{{Name: fmt.Sprintf("%d in the job", active(g.job))}}
}

// BecomeSubreaper does nothing: the job holds every descendant.
func BecomeSubreaper() error { return nil }

// startIn starts the command suspended, puts it into the job, and lets it go.
func startIn(job windows.Handle, out Output, o Order) (*os.Process, error) {
	if _, err := os.Stat(o.Dir); o.Dir != "" && err != nil {
		return nil, &DirError{o.Dir, err}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	stdout := os.Stdout
	if out == ToStderr {
		stdout = os.Stderr
	}
	proc, err := os.StartProcess(o.Path, o.Args, &os.ProcAttr{
		Dir:   o.Dir,
		Env:   o.Env,
		Files: []*os.File{null, stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP},
	})
	if errors.Is(err, windows.ERROR_BAD_EXE_FORMAT) {
		return nil, fmt.Errorf("%w: %w", syscall.ENOEXEC, err)
	}
	if err != nil {
		return nil, err
	}
	err = assign(job, uint32(proc.Pid))
	if err == nil {
		err = resume(uint32(proc.Pid))
	}
	if err != nil {
		_ = proc.Kill()
		_, _ = proc.Wait()
		return nil, err
	}
	return proc, nil
}
