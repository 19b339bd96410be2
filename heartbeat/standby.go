package heartbeat

import (
	"context"
	"time"
)

// standsBy reports whether the passive side of this process may run.
func (m *machine) standsBy() bool {
	return (m.phase == joining || m.phase == member) && !m.tenure.active()
}

// startStandby starts the passive side, if there is one, if it may run, and if the
// previous one has returned.
func (r *runner) startStandby() {
	if r.config.Standby == nil || r.cancelStandby != nil || !r.machine.standsBy() {
		return
	}
	select {
	case <-r.standbyDone:
	default:
		return
	}
	ctx, cancel := context.WithCancel(r.parent)
	done := make(chan struct{})
	r.cancelStandby, r.standbyDone = cancel, done
	go func() {
		defer close(done)
		r.config.Standby(ctx)
	}()
}

// stopStandby tells the passive side to return. The channel is closed when it has.
func (r *runner) stopStandby() <-chan struct{} {
	if r.cancelStandby != nil {
		r.cancelStandby()
		r.cancelStandby = nil
	}
	return r.standbyDone
}

// awaitStandby waits until the passive side has returned, for as long as work gets to
// stop.
func (r *runner) awaitStandby(ctx context.Context, done <-chan struct{}) error {
	grace := time.NewTimer(r.config.Timing.StopGrace)
	defer grace.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-grace.C:
		return ErrStandby
	}
	return nil
}

// askStandby tells the passive side to return, and the machine when it has.
func (r *runner) askStandby(term int64) {
	done := r.stopStandby()
	r.wait.Go(func() { r.send(stoodDown{term, r.awaitStandby(r.requests, done)}) })
}
