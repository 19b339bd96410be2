package signals

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// SameOrder is how long after the first signal a further one still belongs to the same
// order. The program timeout, for one, signals a process and then its group, so the
// process gets two signals for one order.
const SameOrder = 200 * time.Millisecond

// Catcher takes the signals that mean "stop" away from their default action, which
// ends the process as it stands. They are kept until Obey acts on them.
type Catcher struct{ caught chan os.Signal }

// Catch begins to catch signals, until the process ends. An instance does this first of
// all, and with SIGPIPE as well, so that a closed log does not end its work. The default
// actions never come back: a second signal of one order may come when the instance has
// stopped in order, and must not turn its exit code into that of a process that was killed.
func Catch() *Catcher {
	c := &Catcher{caught: make(chan os.Signal, 2)}
	signal.Notify(c.caught, ToStop()...)
	IgnorePipe()
	return c
}

// Obey returns a context that ends with the first signal, and calls kill at every later
// one. Further signals within SameOrder of the first are ignored. So is every later SIGHUP:
// when a terminal closes, both its shell and the kernel send it. Signals caught before Obey
// are handled at once. The goroutine ends when undo is called, which cancels the context.
func (c *Catcher) Obey(ctx context.Context, log zerolog.Logger, kill func()) (_ context.Context, undo func()) {
	ctx, stop := context.WithCancel(ctx)
	h := handler{stop: stop, kill: kill, log: log}
	over := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case s := <-c.caught:
				h.handle(s, time.Now())
			case <-over:
				return
			}
		}
	})
	return ctx, func() {
		close(over)
		wait.Wait()
		stop()
	}
}

type handler struct {
	stop, kill func()
	log        zerolog.Logger
	first      time.Time // when the first signal came
}

// handle acts on a signal that came at an instant. It logs after it has acted, because
// the log may be slow.
func (h *handler) handle(s os.Signal, at time.Time) {
	switch {
	case h.first.IsZero():
		h.first = at
		h.stop()
		h.log.Info().Stringer("signal", s).Msg("stopping; another SIGTERM, SIGINT or SIGQUIT kills the work at once")
	case s == syscall.SIGHUP, at.Sub(h.first) < SameOrder:
		h.log.Debug().Stringer("signal", s).Msg("stopping already")
	default:
		h.kill()
		h.log.Warn().Stringer("signal", s).Msg("stopping at once: whatever is left of the work is killed")
	}
}
