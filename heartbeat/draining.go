package heartbeat

import (
	"context"
	"time"
)

// StopNow tells Run to leave as the end of its context does, but without a drain: the work
// has to stop at once. It also ends a drain that goes on, and shortens the stop grace. A
// second signal is such an order. StopNow does not wait, and holds for good.
func (m *Member) StopNow() { m.stopNow() }

// startDrain calls Drain for the work of this term.
func (r *runner) startDrain(number int64) {
	over := func() { r.send(drained{number}) }
	select {
	case <-r.drainDone:
	default:
		r.log.Warn().Msg("the drain before this one has not returned: stopping the work without a drain")
		r.cancelDrain = func() {}
		r.wait.Go(over)
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.parent))
	done := make(chan struct{})
	r.cancelDrain, r.drainDone = cancel, done
	go func() {
		defer over()
		defer close(done)
		defer cancel()
		r.config.Drain(ctx)
	}()
}

// awaitDrain waits until the latest drain has returned, for as long as work gets to stop.
// Its context has ended.
func (r *runner) awaitDrain() {
	grace := time.NewTimer(r.config.Timing.StopGrace)
	defer grace.Stop()
	select {
	case <-r.drainDone:
	case <-grace.C:
		r.log.Warn().Msg("the drain does not return, although its context has ended")
	}
}
