package heartbeat

import (
	"errors"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// watch wakes the machine early, for as long as the registry can announce changes.
// Correctness does not need it: the machine reads the group every interval anyway.
func (r *runner) watch() {
	logged := false // that this instance polls
	for {
		changes, err := r.openWatch()
		switch {
		case err == nil:
			logged = false
			r.send(watching{true})
			r.relay(changes)
			r.send(watching{false})
		case errors.Is(err, registry.ErrNoWatch):
			r.log.Info().Err(err).Msg("the registry does not announce changes: reading it every interval")
			return
		case !logged && r.requests.Err() == nil:
			logged = true
			r.log.Warn().Err(err).Msg("cannot watch the registry: reading it every interval for now")
		}
		select {
		case <-time.After(r.config.Timing.Slack()):
		case <-r.over:
			return
		}
	}
}

// openWatch asks for a watch. It waits no longer than the loop lasts, even if the
// registry ignores the context.
func (r *runner) openWatch() (<-chan struct{}, error) {
	type opened struct {
		changes <-chan struct{}
		err     error
	}
	done := make(chan opened, 1)
	go func() {
		changes, err := r.config.Registry.Watch(r.requests, r.config.Group)
		done <- opened{changes, err}
	}()
	select {
	case o := <-done:
		return o.changes, o.err
	case <-r.over:
		return nil, r.requests.Err()
	}
}

// relay passes changes on until the watch or the loop ends.
func (r *runner) relay(changes <-chan struct{}) {
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
			r.send(woken{})
		case <-r.over:
			return
		}
	}
}
