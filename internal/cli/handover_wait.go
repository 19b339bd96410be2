package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// waiter waits for what comes of a request to hand over.
type waiter struct {
	*looker
	term    int64  // that is to end
	holder  string // of it
	promise registry.Timing
	changes <-chan struct{} // nil: the registry is polled
}

// watch makes changes known at once, if the registry can tell.
func (w *waiter) watch(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	w.changes, _ = w.reg.Watch(ctx, w.conf.Group)
	return stop
}

// wait returns the first open term after the one that is to end. The request
// expires; once it was heard, the work has its grace to stop, and whoever dies
// over that is replaced after T.
func (w *waiter) wait(ctx context.Context) (*registry.Term, error) {
	const poll, patience = 100 * time.Millisecond, 2 * time.Second
	expiry := w.promise.RequestLife() + 2*w.promise.Interval + time.Second // its view, and the beat that shows it
	most := w.promise.OrphanAfter + expiry                                 // who held off competes again then
	var (
		begun    = time.Now()
		deadline = begun.Add(expiry)
		heard    bool
		doing    = w.holder + " was asked, and has not stopped its work yet"
		said     string
	)
	hear := func(what string) {
		doing = w.holder + what
		if !heard {
			heard, deadline = true, time.Now().Add(most)
		}
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		view, err := reply(ctx, w.looker, func(ctx context.Context) (registry.View, error) { return w.reg.View(ctx, w.conf.Group) })
		switch t := view.Latest; {
		case err != nil || t == nil || t.Number < w.term:
		case !t.Open() && t.End.Reason == registry.WorkDone:
			return nil, fmt.Errorf("nobody takes over: the work of term %d is done, exit code %d", t.Number, t.End.ExitCode)
		case !t.Open():
			hear(" stepped down, nobody has taken over yet")
		case t.Number > w.term:
			return t, nil
		case view.Holder != nil && !view.Holder.Candidate:
			hear(" is stopping its work")
		}
		if doing != said && time.Since(begun) > patience {
			said = doing
			w.say(doing)
		}
		if time.Now().After(deadline) {
			switch {
			case err != nil:
				return nil, fmt.Errorf("whether another took over is unknown: %w", err)
			case heard:
				return nil, fmt.Errorf("nobody took over for %v after %s began to step down", status.Seconds(most), w.holder)
			}
			return nil, fmt.Errorf("%s did not hear it within %v, the request has expired: see its log", w.holder, status.Seconds(expiry))
		}
		select {
		case _, ok := <-w.changes:
			if !ok {
				w.changes = nil
			}
		case <-ticker.C:
		case <-ctx.Done():
			return nil, interrupted(ctx, "the request stands: "+doing, ctx.Err())
		}
	}
}

// signalError says that somebody ended the wait.
type signalError struct {
	signal syscall.Signal
	state  string // of what was waited for
}

func (e signalError) Error() string {
	return fmt.Sprintf("%v: %s; understudy status shows who is active", e.signal, e.state)
}

// untilSignal is ctx until somebody tells this process to stop.
func untilSignal(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, signals.ToStop()...)
	go func() {
		select {
		case s := <-caught:
			n, _ := s.(syscall.Signal)
			cancel(signalError{signal: n})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		cancel(nil)
	}
}

// interrupted is err, or that a signal ended ctx in such a state.
func interrupted(ctx context.Context, state string, err error) error {
	var by signalError
	if errors.As(context.Cause(ctx), &by) {
		by.state = state
		return by
	}
	return err
}
