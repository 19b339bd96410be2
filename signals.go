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
	closed chan os.Signal
	over   chan struct{}
	done   sync.WaitGroup

	mu   sync.Mutex
	log  zerolog.Logger
	kill func()
}

// orders are the signals that mean "stop". One that was ignored from the start
// stays so: nohup ignores SIGHUP, a script's background job SIGINT.
func orders() []os.Signal {
	list := []os.Signal{syscall.SIGTERM}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	return list
}

func catchSignals(leave func(), log zerolog.Logger) *signals {
	s := &signals{caught: make(chan os.Signal, 2), closed: make(chan os.Signal, 1), over: make(chan struct{}), log: log}
	signal.Notify(s.caught, orders()...)
	signal.Notify(s.closed, syscall.SIGPIPE)
	s.done.Go(func() {
		first := true
		for {
			select {
			case sig := <-s.caught:
				s.mu.Lock()
				log, kill := s.log, s.kill
				s.mu.Unlock()
				if first {
					first = false
					log.Info().Stringer("signal", sig).Msg("stopping; once more kills the work at once")
					leave()
					continue
				}
				log.Warn().Stringer("signal", sig).Msg("killing the work")
				if kill != nil {
					kill()
				}
			case <-s.closed: // who read our log is gone; the work goes on
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
	signal.Stop(s.closed)
	close(s.over)
	s.done.Wait()
}
