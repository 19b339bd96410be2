package worker

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/understudy-go/understudy/worker/internal/guard"
)

// Outcome says how a run ended.
type Outcome int

const (
	// Exited says that the command exited, or died of a signal, and that nobody here had
	// asked it to.
	Exited Outcome = iota + 1
	// TimedOut says that it was told to stop because of its timeout.
	TimedOut
	// Cancelled says that it was told to stop, or not started, because the context ended
	// or Kill was called. With Code 0 it may have finished its work.
	Cancelled
	// LeaseEnded says that it was told to stop because the lease ended.
	LeaseEnded
	// GuardDied says that its guard died, and the command with it.
	GuardDied
	// NotStarted says that it could not be executed. Err says why.
	NotStarted
	// Late says that it was not started, because no more than the stop grace was left of
	// the lease.
	Late
)

var outcomes = map[Outcome]string{
	Exited: "exited", TimedOut: "timed out", Cancelled: "cancelled", LeaseEnded: "the lease ended",
	GuardDied: "its guard died", NotStarted: "not started", Late: "too late to start",
}

func (o Outcome) String() string {
	if s, ok := outcomes[o]; ok {
		return s
	}
	return fmt.Sprintf("outcome %d", int(o))
}

// End is the end of a run, of which nothing is left.
type End struct {
	Outcome Outcome

	// Started says that the command was started, and Unstarted that it was not. If a guard
	// died, neither may be known.
	Started   bool
	Unstarted bool

	Code   int   // the exit code, or 128+n after signal n; -1: the command did not run, or its code is not known
	Signal int   // the signal that it died of, or 0
	Left   int   // about how many other processes were left when it exited, and were killed
	Err    error // for NotStarted: why; for Cancelled: the cause of the context's end, if it ended
}

// Succeeded reports whether the command exited by itself with code 0, and left no
// process behind: what was killed may have been the work.
func (e End) Succeeded() bool { return e.Outcome == Exited && e.Code == 0 && e.Left == 0 }

func notStarted(err error) End { return End{Outcome: NotStarted, Unstarted: true, Code: -1, Err: err} }

// endOf says how a run ended.
func endOf(ctx context.Context, path string, end ending, leaseEnded, timedOut bool) End {
	last := end.last
	e := End{Started: end.started, Code: -1}
	if last.Kind == guard.Exited {
		e.Code, e.Signal, e.Left = last.Code, last.Signal, last.Left
	}
	switch last.Kind {
	case guard.NotStarted:
		e.Outcome, e.Unstarted, e.Err = NotStarted, true, last.Err
		if _, ok := errors.AsType[*guard.DirError](last.Err); !ok {
			e.Err = diagnose(path, last.Err)
		}
	case guard.Late:
		e.Outcome, e.Unstarted = Late, true
	case guard.Exited:
		switch last.Why {
		case guard.Expired:
			e.Outcome = LeaseEnded
		case guard.TimedOut:
			e.Outcome = TimedOut
		case guard.Asked:
			e.Outcome, e.Err = Cancelled, context.Cause(ctx)
		case guard.Outside:
			e.Outcome = Exited
			if wasOrdered(ctx, last) {
				e.Outcome, e.Err = Cancelled, context.Cause(ctx)
			}
		default:
			e.Outcome = Exited
			if end.killed && last.Signal == int(syscall.SIGKILL) { // the kernel was faster than the message to the guard
				e.Outcome, e.Err = Cancelled, context.Cause(ctx)
			}
		}
	default:
		switch {
		case ctx.Err() != nil, end.killed:
			e.Outcome, e.Err = Cancelled, context.Cause(ctx)
		case leaseEnded:
			e.Outcome = LeaseEnded
		case timedOut:
			e.Outcome = TimedOut
		default:
			e.Outcome = GuardDied
		}
	}
	return e
}
