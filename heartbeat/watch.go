package heartbeat

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// listen begins a listening to the bell, and ends the one before.
func (r *runner) listen(number int64) {
	if r.unlisten != nil {
		r.unlisten()
		r.unlisten = nil
	}
	if number == 0 {
		return
	}
	ctx, cancel := context.WithCancel(r.requests)
	r.unlisten = cancel
	r.wait.Go(func() {
		defer cancel()
		r.watch(ctx, number)
	})
}

// noWatchPause is how long a registry that cannot announce changes is not asked again.
const noWatchPause = 10 * time.Minute

// watch wakes the machine early, until ctx ends and for as long as the registry can
// announce changes. Correctness does not need it: the machine reads the group every interval
// anyway.
func (r *runner) watch(ctx context.Context, number int64) {
	for {
		pause := r.config.Timing.Slack()
		pause = pause/2 + rand.N(pause) // a failover ends the watches of all at the same time
		changes, err := r.openWatch(ctx)
		switch {
		case err == nil:
			r.polls.Store(false)
			r.noWatch.Store(false)
			r.send(watching{number, true})
			r.relay(ctx, changes)
			r.send(watching{number, false})
		case errors.Is(err, registry.ErrNoWatch):
			if !r.noWatch.Swap(true) {
				r.log.Info().Err(err).Msg("the registry does not announce changes: reading it every interval")
			}
			pause = max(pause, noWatchPause) // somebody may change that
		case ctx.Err() == nil && !r.polls.Swap(true):
			r.log.Warn().Err(err).Msg("cannot watch the registry: reading it every interval for now")
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		case <-r.over:
			return
		}
	}
}

// openWatch asks for a watch. It waits no longer than the listening lasts, even if the
// registry ignores the context.
func (r *runner) openWatch(ctx context.Context) (<-chan registry.Notice, error) {
	type opened struct {
		changes <-chan registry.Notice
		err     error
	}
	done := make(chan opened, 1)
	go func() {
		changes, err := r.config.Registry.Watch(ctx, r.config.Group)
		done <- opened{changes, err}
	}()
	select {
	case o := <-done:
		return o.changes, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.over:
		return nil, r.requests.Err()
	}
}

// relay passes notices on until the watch or the listening ends.
func (r *runner) relay(ctx context.Context, changes <-chan registry.Notice) {
	for {
		select {
		case n, ok := <-changes:
			if !ok {
				return
			}
			r.send(woken{n.For})
		case <-ctx.Done():
			return
		case <-r.over:
			return
		}
	}
}
