package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// maxInterruptions is how often a run is started again after its instance went away.
const maxInterruptions = 3

// ending is how an attempt ended.
type ending struct {
	end       store.AttemptEnd
	code      int    // the exit code, if the command exited
	remark    string // what people should know
	output    store.Output
	result    []byte
	unstarted bool          // it was claimed, and never started
	pause     time.Duration // unstarted: until its next attempt
	at        time.Time
}

// after returns the record of a processing run whose last attempt has ended: it has an
// outcome now, or waits for its next attempt. The definition has its defaults. Jitter
// changes a pause by chance.
func after(d jobs.Definition, r store.Run, e ending, jitter func(time.Duration) time.Duration) store.Run {
	r.Attempts = slices.Clone(r.Attempts)
	if n := len(r.Attempts); n > 0 {
		last := &r.Attempts[n-1]
		if e.at.Before(last.From) { // the registry's clock was set meanwhile
			e.at = last.From
		}
		last.To, last.End, last.ExitCode = e.at, e.end, e.code
	}
	switch e.end {
	case store.AttemptCompleted:
		return ended(d, r, store.Completed, e.at, e.remark)
	case store.AttemptCancelled:
		return ended(d, r, store.Cancelled, e.at, e.remark)
	case store.AttemptExited:
		if e.unstarted { // nothing of it was done, so nothing was interrupted
			return again(r, e.at.Add(e.pause), e.remark)
		}
		r.Interruptions++
		if d.Interrupted == jobs.InterruptedFail {
			return ended(d, r, store.Exited, e.at, e.remark)
		}
		if r.Interruptions > maxInterruptions {
			return ended(d, r, store.Failed, e.at, fmt.Sprintf("its instance went away %d times", r.Interruptions))
		}
		return again(r, e.at, e.remark)
	}
	outcome := store.Failed
	if e.end == store.AttemptTimedOut {
		outcome = store.TimedOut
	}
	r.Failures++
	final := e.end == store.AttemptFailed && slices.Contains(d.Retries.FinalExitCodes, e.code)
	if final || r.Failures > d.Retries.Max {
		return ended(d, r, outcome, e.at, e.remark)
	}
	return again(r, e.at.Add(jitter(backoff(d.Retries, r.Failures))), e.remark)
}

// ended returns the record with its outcome. It stays open if something follows.
func ended(d jobs.Definition, r store.Run, s store.State, at time.Time, remark string) store.Run {
	r.State, r.EndedAt, r.Remark = s, at, remark
	r.Open = len(followers(d, s)) > 0 || d.OnFinish != ""
	return r
}

// again returns the record of a run that waits for its next attempt.
func again(r store.Run, due time.Time, remark string) store.Run {
	r.State, r.Open, r.Due, r.Remark = store.Waiting, true, due, remark
	return r
}

// backoff returns the pause after so many failures: it doubles with each of them.
func backoff(r jobs.Retries, failures int) time.Duration {
	pause := r.Backoff
	for range failures - 1 {
		if pause = 2 * pause; pause >= r.MaxBackoff {
			return r.MaxBackoff
		}
	}
	return min(pause, r.MaxBackoff)
}
