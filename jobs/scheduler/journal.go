package scheduler

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/jobs/store"
)

// repeatAfter is how often it is logged that a call of the store fails.
const repeatAfter = time.Minute

// journal writes to the log what happens to jobs.
type journal struct {
	log    zerolog.Logger
	failed map[string]failure // calls of the store that have failed
}

// failure is a call that fails again and again, or now and then.
type failure struct {
	loggedAt time.Duration
	silent   int  // how many failures were not logged since
	answered bool // that it answers again was logged since
}

// about names a run in a line of the log.
func about(e *zerolog.Event, r store.Run) *zerolog.Event {
	e.Str("job", r.Job).Str("run", r.Key.String())
	if r.Attempt > 0 {
		e.Int("attempt", r.Attempt)
	}
	return e
}

// start logs that an attempt starts.
func (l *journal) start(r store.Run) {
	e := about(l.log.Info(), r).Str("trigger", string(r.Trigger))
	if n := len(r.Attempts); !r.Slot.IsZero() && n > 0 {
		e.Dur("late_ms", max(r.Attempts[n-1].From.Sub(r.Slot), 0))
	}
	e.Msg("the run starts")
}

// outcome logs the recorded end of an attempt, or of a run that had none.
func (l *journal) outcome(r store.Run) {
	level, text := zerolog.InfoLevel, "the run has ended: "+string(r.State)
	switch r.State {
	case store.Failed, store.TimedOut, store.Exited:
		level = zerolog.ErrorLevel
	case store.Cancelled:
		level = zerolog.WarnLevel
	case store.Skipped:
		text = "the run was skipped"
	case store.Waiting:
		level, text = zerolog.WarnLevel, "the attempt has failed: the run waits for the next one"
	}
	e := about(l.log.WithLevel(level), r)
	if n := len(r.Attempts); n > 0 {
		last := r.Attempts[n-1]
		e.Stringer("took", last.To.Sub(last.From).Round(time.Millisecond))
		if last.ExitCode != 0 {
			e.Int("code", last.ExitCode)
		}
		if r.State == store.Waiting && last.End == store.AttemptExited {
			text = "the attempt was interrupted: the run waits for the next one"
		}
	}
	if r.State == store.Waiting {
		e.Time("due", r.Due)
	}
	if r.Remark != "" {
		e.Str("remark", r.Remark)
	}
	e.Msg(text)
}

// note logs a fact. Of a call that fails often, only some failures are logged.
func (l *journal) note(n note, now time.Duration) {
	e := l.log.WithLevel(levels[n.fact])
	switch n.fact {
	case factCallFailed:
		f, again := l.failed[n.text]
		if again && now < f.loggedAt+repeatAfter {
			f.silent++
			l.failed[n.text] = f
			e.Discard()
			return
		}
		if l.failed == nil {
			l.failed = map[string]failure{}
		}
		l.failed[n.text] = failure{loggedAt: now}
		e.Str("call", n.text)
		if f.silent > 0 {
			e.Int("failures_since", f.silent)
		}
	case factClockStepped:
		e.Str("by", n.text)
	case factMarkAhead:
		e.Str("until", n.text)
	case factGivenUp:
		e.Str("because", n.text)
	}
	if n.job != "" {
		e.Str("job", n.job)
	}
	if n.run.Run != "" {
		about(e, n.run)
	}
	if n.err != nil {
		e.Err(n.err)
	}
	e.Msg(string(n.fact))
}

// answered takes note that a call succeeded.
func (l *journal) answered(call string) {
	if f, failed := l.failed[call]; failed && !f.answered {
		f.answered = true
		l.failed[call] = f
		l.log.WithLevel(levels[factAnswersAgain]).Str("call", call).Msg(string(factAnswersAgain))
	}
}
