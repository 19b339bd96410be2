package signals

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// SameOrder is how long after the first signal another one is the same order: timeout
// signals a process and then its group.
const SameOrder = 200 * time.Millisecond

// Handler turns the first SIGTERM, SIGINT, SIGQUIT or SIGHUP into an orderly
// stop, and the second into an immediate one. A SIGHUP is never the second: as a
// terminal closes, both its shell and the kernel send one. SIGABRT is left to the
// Go runtime, which says where this process stands and ends it: a watchdog's.
type Handler struct {
	leave func()
	first time.Time // when the first one came; of the goroutine alone

	caught chan os.Signal
	closed chan os.Signal
	over   chan struct{}
	done   sync.WaitGroup

	mu   sync.Mutex
	log  zerolog.Logger
	kill func()
}

// ToStop returns the signals that mean "stop". One that was ignored from the start
// stays so: nohup ignores SIGHUP, a script's background job SIGINT. SIGQUIT, which
// Ctrl-\ sends and images have as their STOPSIGNAL, is caught in any case: the Go
// runtime does not say whether it was ignored.
func ToStop() []os.Signal {
	list := []os.Signal{syscall.SIGTERM, syscall.SIGQUIT}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	return list
}

func Catch(leave func(), log zerolog.Logger) *Handler {
	s := &Handler{
		leave:  leave,
		caught: make(chan os.Signal, 2), closed: make(chan os.Signal, 1), over: make(chan struct{}), log: log,
	}
	signal.Notify(s.caught, ToStop()...)
	signal.Notify(s.closed, syscall.SIGPIPE)
	s.done.Go(func() {
		for {
			select {
			case sig := <-s.caught:
				s.obey(sig, time.Now())
			case <-s.closed: // who read our log is gone; the work goes on
			case <-s.over:
				return
			}
		}
	})
	return s
}

// obey acts on a signal that came at an instant, and says so after that.
func (s *Handler) obey(sig os.Signal, at time.Time) {
	s.mu.Lock()
	log, kill := s.log, s.kill
	s.mu.Unlock()
	switch {
	case s.first.IsZero():
		s.first = at
		s.leave()
		log.Info().Stringer("signal", sig).Msg("stopping; SIGTERM, SIGINT or SIGQUIT once more kills the work at once")
	case sig == syscall.SIGHUP, at.Sub(s.first) < SameOrder:
		log.Debug().Stringer("signal", sig).Msg("stopping already")
	default:
		if kill != nil {
			kill()
		}
		log.Warn().Stringer("signal", sig).Msg("stopping at once: whatever is left of the work is killed")
	}
}

// Use sets what a second signal does, and whose log the signals go to.
func (s *Handler) Use(log zerolog.Logger, kill func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.kill = log, kill
}

func (s *Handler) Close() {
	signal.Stop(s.caught)
	signal.Stop(s.closed)
	close(s.over)
	s.done.Wait()
}
