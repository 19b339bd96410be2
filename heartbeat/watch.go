package heartbeat

import (
	"errors"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// watch wakes the machine early, for as long as the registry can announce
// changes. Polling alone is enough for correctness.
func (s *shell) watch() {
	told := false // that it polls
	for {
		changes, err := s.openWatch()
		switch {
		case err == nil:
			told = false
			s.send(watching{true})
			s.relay(changes)
			s.send(watching{false})
		case errors.Is(err, registry.ErrNoWatch):
			s.log.Info().Err(err).Msg("the registry does not announce changes: reading it every interval")
			return
		case !told && s.calls.Err() == nil:
			told = true
			s.log.Warn().Err(err).Msg("cannot watch the registry: reading it every interval for now")
		}
		select {
		case <-time.After(s.config.Timing.Slack()):
		case <-s.over:
			return
		}
	}
}

// openWatch asks for a watch, and waits for it no longer than the loop lasts,
// whether the registry heeds the context or not.
func (s *shell) openWatch() (<-chan struct{}, error) {
	type opened struct {
		changes <-chan struct{}
		err     error
	}
	made := make(chan opened, 1)
	go func() {
		changes, err := s.config.Registry.Watch(s.calls, s.config.Group)
		made <- opened{changes, err}
	}()
	select {
	case o := <-made:
		return o.changes, o.err
	case <-s.over:
		return nil, s.calls.Err()
	}
}

// relay passes changes on until the watch or the loop ends.
func (s *shell) relay(changes <-chan struct{}) {
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
			s.send(woken{})
		case <-s.over:
			return
		}
	}
}
