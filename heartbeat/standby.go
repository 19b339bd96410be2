package heartbeat

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/registry"
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

// waiting is work that is to start once the passive side has returned. Until then
// nobody is told that this instance is active.
type waiting struct {
	term registry.Term
	ctx  context.Context // ends when the work is told to stop before it began
	stop context.CancelFunc
	note *note // that it is active
}

// stoodDown is an event of the shell's own: the passive side has returned, or err
// says that it has not in time.
type stoodDown struct{ err error }

func (stoodDown) isEvent() {}

// startWork starts the work of a term, once the passive side has returned.
func (s *shell) startWork(t registry.Term) {
	stood := s.standDown()
	select {
	case <-stood:
		s.start(t)
		return
	default:
	}
	w := &waiting{term: t}
	w.ctx, w.stop = context.WithCancel(context.WithoutCancel(s.parent))
	s.waiting = w
	s.wait.Go(func() { s.send(stoodDown{s.awaitStandby(w.ctx, stood)}) })
}

// startWaiting starts the work that waited, or says that it came to nothing.
func (s *shell) startWaiting(late error) event {
	w := s.waiting
	s.waiting = nil
	stopped := w.ctx.Err() != nil
	w.stop()
	switch {
	case stopped:
		return workGone{term: w.term.Number, result: yielded}
	case late != nil:
		return workGone{term: w.term.Number, result: unready, err: late}
	}
	s.start(w.term)
	if w.note != nil {
		s.tell(*w.note)
	}
	return tick{}
}
