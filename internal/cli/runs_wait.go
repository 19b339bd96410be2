package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

const (
	// firstPoll and lastPoll are how often a run is read that somebody waits for: often at
	// first, since many runs end soon. No watch announces what the holder writes.
	firstPoll, lastPoll = 50 * time.Millisecond, 500 * time.Millisecond
	// quiet is how long nothing is told of a run.
	quiet = 2 * time.Second
	// progressEvery is how often progress is told, and is asked why a run still waits.
	progressEvery = 10 * time.Second
	// silencePatience is how long a registry may give no answer.
	silencePatience = 5 * time.Minute
)

// runWaiter waits until a run has ended.
type runWaiter struct {
	*client
	key    store.Key
	follow *follower // writes its output; nil: nobody

	phase    string // what was told last, without the progress
	progress string
	toldAt   time.Time
}

// wait returns the run when it has ended. It tells how far the run is when that takes
// longer. With an error it returns the run as it was read last.
func (w *runWaiter) wait(ctx context.Context) (last store.Run, err error) {
	watch, stop := context.WithCancel(ctx)
	defer stop()
	changes, _ := w.asking().Watch(watch, w.key.Group)
	begun, heard, poll := time.Now(), time.Now(), firstPoll
	lost := complaints{out: w.stderr}
	for {
		r, err := w.run(ctx, w.key)
		if err == nil {
			last = r
			if w.follow != nil {
				err = w.follow.Advance(ctx, r)
			}
		}
		_, unavailable := errors.AsType[openregistry.UnavailableError](err)
		switch {
		case ctx.Err() != nil:
			return last, interruptedRun(ctx, w.key, last)
		case errors.Is(err, syscall.EPIPE):
			return last, goesOn(signalError{signal: syscall.SIGPIPE}, w.key, last)
		case err != nil && !unavailable:
			return last, err
		case err != nil && time.Since(heard) > silencePatience:
			return last, fmt.Errorf("how %s ends is unknown: no answer for %v: %w", w.key, status.Seconds(silencePatience), err)
		case err != nil:
			lost.complain("down", trouble(err)+"; still waiting")
		case r.State.Ended():
			if w.follow != nil {
				err = w.follow.out.flush()
			}
			return r, err
		default:
			heard = time.Now()
			lost.complain("", "")
			if time.Since(begun) > quiet {
				w.tellState(ctx, r)
			}
		}
		select {
		case _, ok := <-changes:
			if !ok {
				changes = nil
			}
		case <-time.After(poll):
		case <-ctx.Done():
		}
		poll = min(2*poll, lastPoll)
	}
}

// tellState tells where a run stands, if that is new.
func (w *runWaiter) tellState(ctx context.Context, r store.Run) {
	recently := time.Since(w.toldAt) < progressEvery
	phase, progress := w.key.String()+" is waiting", ""
	switch {
	case r.State == store.Processing:
		phase = fmt.Sprintf("%s is processed by %s in term %d", w.key, hostOf(view.OfRun(r)), r.Term)
		if r.Attempt > 1 {
			phase += fmt.Sprintf(", attempt %d", r.Attempt)
		}
		if r.Cancel != nil {
			phase += ", and is to be cancelled"
		}
		progress = progressOf(view.OfRun(r).Progress)
	case recently && w.phase != "" && r.State == store.Waiting:
		return // to find out why costs a read
	default:
		phase += w.whyWaits(ctx, r)
	}
	if phase == w.phase && (progress == w.progress || recently) {
		return
	}
	w.phase, w.progress, w.toldAt = phase, progress, time.Now()
	if progress != "" {
		phase += ": " + progress
	}
	w.tell(phase)
}

// whyWaits says what a run waits for, as far as can be seen.
func (w *runWaiter) whyWaits(ctx context.Context, r store.Run) string {
	text := ""
	if r.Attempt > 0 {
		text = fmt.Sprintf(" for attempt %d", r.Attempt+1)
		if note := noteOf(view.OfRun(r)); note != "" {
			text += " (" + note + ")"
		}
	}
	if at, err := w.now(ctx); err == nil && r.Due.After(at) {
		return text + ", and due at " + status.Instant(r.Due, at) + " UTC"
	}
	if g, err := w.readGroup(ctx, w.conf.Group, 1); err == nil {
		if in, ok := g.Active(); !ok || in.Silent {
			return text + ": no instance is active (" + g.Health + ")"
		}
	}
	return text
}

// interruptedRun says that a signal ended the wait, and that the run does not end with it.
func interruptedRun(ctx context.Context, k store.Key, r store.Run) error {
	if e, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		return goesOn(e, k, r)
	}
	return ctx.Err()
}

// goesOn adds to a signal that ended the wait what becomes of the run.
func goesOn(e signalError, k store.Key, r store.Run) error {
	e.state = k.String() + " goes on"
	if r.State != "" {
		e.state = fmt.Sprintf("%s is %s, and goes on", k, r.State)
	}
	e.hint = fmt.Sprintf("understudy runs show %s shows how it ends", k)
	return e
}

// exitCodeOfRun returns the exit code that stands for the outcome of a run.
func exitCodeOfRun(r store.Run) int {
	switch r.State {
	case store.Completed:
		return exitcode.OK
	case store.TimedOut:
		return exitcode.TimedOut
	case store.Exited:
		return exitcode.Exited
	case store.Skipped:
		return exitcode.Skipped
	case store.Cancelled:
		return exitcode.Cancelled
	}
	if n := len(r.Attempts); n > 0 {
		if a := r.Attempts[n-1]; a.End == store.AttemptFailed && 0 < a.ExitCode && a.ExitCode < 256 {
			return a.ExitCode
		}
	}
	return exitcode.Failure
}

// outcomeOf says on one line how a run ended.
func outcomeOf(r store.Run) string {
	text := fmt.Sprintf("%s %s", r.Key, r.State)
	if r.State == store.Exited {
		text = r.Key.String() + " ended: its instance went away"
	}
	if begun := begunAt(view.OfRun(r)); !begun.IsZero() {
		text += " after " + status.Seconds(r.EndedAt.Sub(begun)).String()
	}
	if note := noteOf(view.OfRun(r)); note != "" {
		text += ": " + note
	}
	return text
}
