package heartbeat

import (
	"context"
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

// gone takes note that lead has returned.
func (s *shell) gone() {
	s.stop = nil
	s.term.Store(0)
	if err := s.fuse.Disarm(); err != nil {
		s.log.Error().Err(err).Msg("cannot disarm the timer that ends this process with its lease")
	}
}

// stopWork ends the context of the work. A context ends only once, with one cause.
// So when work that was asked to stop before has no time left now, the guard kills it.
func (s *shell) stopWork(a stopWork) {
	cause := a.cause
	if a.immediate {
		cause = immediate{a.cause}
	}
	if s.asked && a.immediate && s.config.Guard != nil {
		s.config.Guard.Kill()
	}
	s.asked = true
	s.stop(cause)
}
