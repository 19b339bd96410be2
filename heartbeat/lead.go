package heartbeat

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// startWork calls lead for a term.
func (r *runner) startWork(t registry.Term) {
	ctx, stop := context.WithCancelCause(context.WithoutCancel(r.parent))
	r.stop, r.stopped = stop, false
	r.term.Store(t.Number)
	registration := &r.machine.registration
	r.announceRole(Change{
		Instance: registration.id, Role: registry.Active, Term: t.Number, Reason: Promoted, Previous: r.machine.tenure.held.previous,
	})
	armed := r.arm(registration.lease)
	r.wait.Go(func() {
		defer stop(nil)
		err := armed
		if err == nil && ctx.Err() == nil {
			err = r.lead(ctx, t)
		}
		end := outcome(ctx, err)
		end.term = t.Number
		r.send(end)
	})
}

// arm sets the kill timer. If that fails, the work must not go on.
func (r *runner) arm(at time.Duration) error {
	err := r.killTimer.Arm(at)
	if err != nil {
		r.log.Error().Err(err).Msg("cannot arm the timer that ends this process with its lease")
	}
	return err
}

// workGone takes note that lead has returned.
func (r *runner) workGone() {
	r.stop = nil
	r.term.Store(0)
	if err := r.killTimer.Disarm(); err != nil {
		r.log.Error().Err(err).Msg("cannot disarm the timer that ends this process with its lease")
	}
}

// stopWork ends the context of the work. A context ends only once, with one cause. So
// when work that was asked to stop before has no time left now, the guard kills it.
func (r *runner) stopWork(a stopWork) {
	cause := a.cause
	if a.immediate {
		cause = immediate{a.cause}
	}
	if r.stopped && a.immediate && r.config.Guard != nil {
		r.config.Guard.Kill()
	}
	r.stopped = true
	r.stop(cause)
}
