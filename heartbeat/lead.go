package heartbeat

import (
	"context"
	"errors"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// start runs lead for a term.
func (s *shell) start(t registry.Term) {
	ctx, stop := context.WithCancelCause(context.WithoutCancel(s.parent))
	s.stop, s.asked = stop, false
	s.term.Store(t.Number)
	s.tellRole(Change{Instance: s.machine.id, Role: registry.Active, Term: t.Number, Reason: Promoted})
	armed := s.arm(s.machine.lease)
	s.wait.Go(func() {
		defer stop(nil)
		err := armed
		if err == nil && ctx.Err() == nil {
			err = s.lead(ctx, t)
		}
		end := outcome(ctx, err)
		end.term = t.Number
		s.send(end)
	})
}

// arm sets the fuse; on failure the work must not go on.
func (s *shell) arm(at time.Duration) error {
	err := s.fuse.Arm(at)
	if err != nil {
		s.log.Error().Err(err).Msg("cannot arm the timer that ends this process with its lease")
	}
	return err
}

// outcome reads what lead's return means.
func outcome(ctx context.Context, err error) workGone {
	var exit interface{ FinalExit() int }
	var gaveUp interface{ WorkFailing() bool }
	told := ctx.Err() != nil
	switch {
	case errors.As(err, &exit):
		return workGone{result: done, code: exit.FinalExit(), err: err}
	case err == nil && !told:
		return workGone{result: done}
	case told && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))):
		return workGone{result: yielded}
	case errors.Is(err, ErrWorkFailing), errors.As(err, &gaveUp) && gaveUp.WorkFailing():
		return workGone{result: failing, err: err}
	}
	return workGone{result: broken, err: err}
}

// gone takes note that lead has returned.
func (s *shell) gone() {
	s.stop = nil
	s.term.Store(0)
	if err := s.fuse.Disarm(); err != nil {
		s.log.Error().Err(err).Msg("cannot disarm the timer that ends this process with its lease")
	}
}

// stopWork ends the context of the work. A context ends once, with one cause: so
// work that was asked before, and has no time left now, hears of it by OnKill.
func (s *shell) stopWork(a stopWork) {
	cause := a.cause
	if a.immediate {
		cause = immediate{a.cause}
	}
	if s.asked && a.immediate && s.config.OnKill != nil {
		s.config.OnKill()
	}
	s.asked = true
	s.stop(cause)
}

// immediate is the cause of work that has no time left.
type immediate struct{ error }

// Immediate says that the work is to be killed, not asked.
func (immediate) Immediate() bool { return true }

func (i immediate) Unwrap() error { return i.error }
