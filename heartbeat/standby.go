package heartbeat

import (
	"context"
	"time"
)

// standsBy reports whether the passive side of this process may run.
func (m *machine) standsBy() bool {
	return (m.phase == joining || m.phase == member) && m.work.term.Number == 0
}

// standUp starts the passive side, if there is one and its time has come.
func (s *shell) standUp() {
	if s.config.Standby == nil || s.standby != nil || !s.machine.standsBy() {
		return
	}
	select {
	case <-s.stood: // the one before has returned
	default:
		return
	}
	ctx, cancel := context.WithCancel(s.parent)
	s.standby, s.stood = cancel, make(chan struct{})
	stood := s.stood
	go func() {
		defer close(stood)
		s.config.Standby(ctx)
	}()
}

// standDown stops the passive side; the channel is closed when it has returned.
func (s *shell) standDown() <-chan struct{} {
	if s.standby != nil {
		s.standby()
		s.standby = nil
	}
	return s.stood
}

// awaitStandby waits until the passive side has returned, for as long as work gets
// to stop.
func (s *shell) awaitStandby(ctx context.Context, stood <-chan struct{}) error {
	grace := time.NewTimer(s.config.Timing.StopGrace)
	defer grace.Stop()
	select {
	case <-stood:
	case <-ctx.Done():
	case <-grace.C:
		return ErrStandby
	}
	return nil
}

// askStandby has the passive side return, and says when it has.
func (s *shell) askStandby(term int64) {
	stood := s.standDown()
	s.wait.Go(func() { s.send(stoodDown{term, s.awaitStandby(s.calls, stood)}) })
}
