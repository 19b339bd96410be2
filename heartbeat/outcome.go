package heartbeat

import (
	"context"
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/registry"
)

// Lead is the work of the active instance. Its context ends when the work has to
// stop: within the stop grace, or at once if the cause of the context is an
// [Immediate] one. What the work touches should refuse a term lower than the
// highest one that it has seen.
//
// What a Lead returns decides what happens next:
//
//   - nil, although the context has not ended: the work is done, for the whole
//     group. Run returns nil, and the Run of every peer that saw this term returns
//     a [*WorkDoneError].
//   - a [FinalExit], such as a [*WorkExit]: the same, with an exit code. Run
//     returns this error.
//   - [ErrWorkFailing], or a [WorkFailing] that says true: a peer should try. This
//     instance steps down and stays a member. Without a peer, the work is called
//     again.
//   - nil, [context.Canceled] or the cause of the context, once the context has
//     ended: the work has stopped as it was asked to.
//   - any other error: this instance leaves, Run returns the error, and a peer
//     takes over.
//
// Errors may be wrapped. The Run method of a worker.Command returns errors of these
// kinds, so a Lead can return them unchanged.
type Lead func(ctx context.Context, t registry.Term) error

// FinalExit is an error that says that the work came to its final end, and with
// which exit code. The types [*WorkExit] and *worker.Exit implement it.
type FinalExit interface {
	error
	FinalExit() int
}

// WorkFailing is an error that says whether the work failed so often that a peer
// should try. The error worker.ErrFailed implements it.
type WorkFailing interface {
	error
	WorkFailing() bool
}

// Immediate is a cause of a context that has ended. It says whether the work has to
// be killed at once, instead of being asked to stop within the stop grace. The
// context of a [Lead] ends with such a cause when another term has begun or this
// registration is gone.
type Immediate interface {
	error
	Immediate() bool
}

// IsImmediate reports whether the cause of a context is an [Immediate] one that says true.
func IsImmediate(cause error) bool {
	i, ok := errors.AsType[Immediate](cause)
	return ok && i.Immediate()
}

// WorkExit is the [FinalExit] for work that is a Go function.
type WorkExit struct {
	Code int
}

// FinalExit returns the exit code.
func (e *WorkExit) FinalExit() int { return e.Code }

func (e *WorkExit) Error() string { return fmt.Sprintf("work exited with %d", e.Code) }

// outcome returns what the error that a Lead has returned means for the protocol.
func outcome(ctx context.Context, err error) workGone {
	stopped := ctx.Err() != nil
	if exit, ok := errors.AsType[FinalExit](err); ok {
		return workGone{result: done, code: exit.FinalExit(), err: err}
	}
	failed, ok := errors.AsType[WorkFailing](err)
	switch {
	case err == nil && !stopped:
		return workGone{result: done}
	case stopped && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))):
		return workGone{result: yielded}
	case errors.Is(err, ErrWorkFailing), ok && failed.WorkFailing():
		return workGone{result: failing, err: err}
	}
	return workGone{result: broken, err: err}
}

// immediate is the cause of a context whose work has no time left to stop.
type immediate struct{ error }

// Immediate implements [Immediate].
func (immediate) Immediate() bool { return true }

func (i immediate) Unwrap() error { return i.error }
