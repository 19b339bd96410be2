package guard

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/exitcode"
)

// serve does what the guard process does on other systems.
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
	why := g.watch(o, proc.Pid, exited)
	left := active(g.job) // the command is among them if it did not exit by itself
	g.events <- Event{Kind: Killing}
	for backoff := time.Millisecond; active(g.job) > 0; backoff = min(2*backoff, 50*time.Millisecond) {
		_ = windows.TerminateJobObject(g.job, exitcode.Signal+9)
		time.Sleep(backoff)
	}
	<-exited
	g.mu.Lock()
	aborted := g.aborted
	g.mu.Unlock()
	if aborted && why == 0 { // as if a guard process had died
		g.events <- Event{Kind: Died}
		return
	}
	g.events <- Event{Kind: Exited, Code: code, Why: why, Left: left}
}

// watch returns when the command has exited or is to be killed.
func (g *Guard) watch(o Order, pid int, exited <-chan struct{}) (why Why) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	signalled := false
	var diedAt time.Duration
	for {
		select {
		case <-exited:
			exited, diedAt = nil, boottime.Now()
		case <-g.kick:
		case <-tick.C:
		}
		now := boottime.Now()
		if diedAt != 0 && (active(g.job) == 0 || now >= diedAt+leftoverTime) {
			if why == 0 {
				why = Itself
			}
			return why
		}
		g.mu.Lock()
		if g.killAt == 0 && now >= g.lease-o.Grace {
			g.killAt, why = g.lease-o.Margin, Expired
		}
		if g.killAt == 0 && o.Limit != 0 && now >= o.Limit && diedAt == 0 {
			g.killAt, why = now+o.LimitGrace, TimedOut
		}
		stopping, killed := g.killAt != 0, g.killed
		late := now >= g.lease-o.Margin || stopping && now >= g.killAt
		if why == 0 && g.asked {
			why = Asked
		}
		g.mu.Unlock()
		if killed || late {
			return why
		}
		if stopping && !signalled {
			signalled = true
			_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(pid))
		}
	}
}

// startIn starts the command suspended, puts it into the job, and resumes it.
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
	stderr := os.Stderr
	if len(o.Output) == 2 {
		stdout, stderr = o.Output[0], o.Output[1]
	}
	proc, err := os.StartProcess(o.Path, o.Args, &os.ProcAttr{
		Dir:   o.Dir,
		Env:   o.Env,
		Files: []*os.File{null, stdout, stderr},
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
