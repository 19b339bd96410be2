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

// waiter waits for the outcome of a handover request.
type waiter struct {
	*client
	term    int64  // the one that is to end
	holder  string // its name
	promise registry.Timing
	changes <-chan registry.Notice // nil: polling is all there is
}

// watch has the registry announce changes, if it can.
func (w *waiter) watch(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	w.changes, _ = w.reg.Watch(ctx, w.conf.Group)
	return stop
}

// wait returns the first open term after the one that is to end.
//
// It gives up when its [patience] is over.
func (w *waiter) wait(ctx context.Context) (*registry.Term, error) {
	const poll, silence = 100 * time.Millisecond, 2 * time.Second
	var (
		begun = time.Now()
		p     = newPatience(w.promise, begun)
		state = w.holder + " was asked, and has not stopped its work yet"
		told  string
	)
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		view, err := call(ctx, w.client, func(ctx context.Context) (registry.View, error) { return w.reg.View(ctx, w.conf.Group) })
		switch t := view.Latest; {
		case err != nil || t == nil || t.Number < w.term:
		case !t.Open() && t.End.Reason == registry.WorkDone:
			return nil, fmt.Errorf("nobody takes over: the work of term %d is done, exit code %d", t.Number, t.End.ExitCode)
		case !t.Open():
			p.steppedDown(time.Now())
			state = w.holder + " stepped down, nobody has taken over yet"
		case t.Number > w.term:
			return t, nil
		case view.Holder != nil && !view.Holder.Candidate:
			p.stepsDown(view.Holder.Beat, time.Now())
			state = w.holder + " is stepping down: it stops its work, or lets it finish first"
			if p.drains(time.Now()) {
				state = w.holder + " is stepping down, and still lets its work finish"
			}
		}
		if state != told && time.Since(begun) > silence {
			told = state
			w.tell(state)
		}
		if p.over(time.Now()) {
			switch {
			case err != nil:
				return nil, fmt.Errorf("whether another took over is unknown: %w", err)
			case p.followed():
				return nil, fmt.Errorf("nobody took over for %v after %s stepped down, or was silent while it did", status.Seconds(p.takeover), w.holder)
			}
			return nil, fmt.Errorf("%s did not react within %v, and the request has expired: see its log", w.holder, status.Seconds(p.expiry))
		}
		select {
		case _, ok := <-w.changes:
			if !ok {
				w.changes = nil
			}
		case <-ticker.C:
		case <-ctx.Done():
			return nil, interrupted(ctx, "the request stands: "+state, ctx.Err())
		}
	}
}

// signalError says that a signal ended the wait.
type signalError struct {
	signal syscall.Signal
	state  string // what the wait had come to
	hint   string // how to learn more
}

func (e signalError) Error() string {
	return fmt.Sprintf("%v: %s; %s", e.signal, e.state, e.hint)
}

// untilSignal returns a context that ends with the first signal to stop. Its cause is a
// [signalError] then.
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

// interrupted returns a [signalError] with that state if a signal ended ctx, else err.
func interrupted(ctx context.Context, state string, err error) error {
	if e, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		e.state, e.hint = state, "understudy status shows who is active"
		return e
	}
	return err
}
