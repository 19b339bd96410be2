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
	end    store.AttemptEnd
	code   int    // the exit code, if the command exited
	remark string // what people should know
	at     time.Time
}

// after returns the record of a processing run whose last attempt has ended: it has an
// outcome now, or waits for its next attempt. The definition has its defaults. Jitter
// changes a pause by chance.
func after(d jobs.Definition, r store.Run, e ending, jitter func(time.Duration) time.Duration) store.Run {
	r.Attempts = slices.Clone(r.Attempts)
	if n := len(r.Attempts); n > 0 {
		last := &r.Attempts[n-1]
		last.To, last.End, last.ExitCode = e.at, e.end, e.code
	}
	r.Remark = e.remark
	switch e.end {
	case store.AttemptCompleted:
		return ended(r, store.Completed, e.at)
	case store.AttemptCancelled:
		return ended(r, store.Cancelled, e.at)
	case store.AttemptExited:
		r.Interruptions++
		if d.Interrupted == jobs.InterruptedFail {
			return ended(r, store.Exited, e.at)
		}
		if r.Interruptions > maxInterruptions {
			r.Remark = fmt.Sprintf("its instance went away %d times", r.Interruptions)
			return ended(r, store.Failed, e.at)
		}
		return again(r, e.at)
	}
	outcome := store.Failed
	if e.end == store.AttemptTimedOut {
		outcome = store.TimedOut
	}
	r.Failures++
	final := e.end == store.AttemptFailed && slices.Contains(d.Retries.FinalExitCodes, e.code)
	if final || r.Failures > d.Retries.Max {
		return ended(r, outcome, e.at)
	}
	return again(r, e.at.Add(jitter(backoff(d.Retries, r.Failures))))
}

// ended returns the record with its outcome.
func ended(r store.Run, s store.State, at time.Time) store.Run {
	r.State, r.Open, r.EndedAt = s, false, at
	return r
}

// again returns the record of a run that waits for its next attempt.
func again(r store.Run, due time.Time) store.Run {
	r.State, r.Open, r.Due = store.Waiting, true, due
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
