package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/rs/zerolog"
)

// signals turns the first SIGINT, SIGTERM or SIGHUP into an orderly stop, and
// the second into an immediate one.
type signals struct {
	caught chan os.Signal
	over   chan struct{}
	done   sync.WaitGroup

	mu   sync.Mutex
	log  zerolog.Logger
	kill func()
}

func catchSignals(leave func(), log zerolog.Logger) *signals {
	s := &signals{caught: make(chan os.Signal, 2), over: make(chan struct{}), log: log}
	signal.Notify(s.caught, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	s.done.Go(func() {
		for first := true; ; first = false {
			select {
			case sig := <-s.caught:
				s.mu.Lock()
				log, kill := s.log, s.kill
				s.mu.Unlock()
				if first {
					log.Info().Stringer("signal", sig).Msg("stopping; once more kills the work at once")
					leave()
					continue
				}
				log.Warn().Stringer("signal", sig).Msg("killing the work")
				if kill != nil {
					kill()
				}
			case <-s.over:
				return
			}
		}
	})
	return s
}

// use sets what a second signal does, and whose log the signals go to.
func (s *signals) use(log zerolog.Logger, kill func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.kill = log, kill
}

func (s *signals) stop() {
	signal.Stop(s.caught)
	close(s.over)
	s.done.Wait()
}
