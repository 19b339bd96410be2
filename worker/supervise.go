package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

const (
	answerTime = 5 * time.Second  // a guard that does not answer for this long is killed, and the command with it
	stuckAfter = 2 * time.Second  // from SIGKILL to the first log line that something does not die
	stuckAgain = 10 * time.Second // between two of these lines
)

// run is one start of a command or a task under a guard.
type run struct {
	name  string // "command", "task" or "run", for the log
	guard *guard.Guard
	log   zerolog.Logger
	quiet bool // log start and stop for debugging only

	grace  time.Duration   // between SIGTERM and SIGKILL; 0: only SIGKILL is sent
	limit  time.Duration   // the guard ends the run by itself within this time; 0: never
	killed <-chan struct{} // gets a value when somebody else had the guard kill; nil: nobody does
}

// ending is how a run ended.
type ending struct {
	last    guard.Event // what the guard reported about the end; its Kind is not Started or Killing
	started bool
	killed  bool // with SIGKILL alone, because the context ended
}

// supervise has the guard end the run when ctx ends, kills a guard that does not
// answer, and returns when everything under the guard is gone, and the guard too unless
// it waits for another order.
func (r run) supervise(ctx context.Context) (end ending) {
	stop := ctx.Done()
	stopping := false // the guard was asked to end the run
	ended := false    // the guard has reported the end, or can report nothing more
	var killAt time.Duration
	answer := time.NewTimer(answerTime)
	defer answer.Stop()
	stuck := time.NewTimer(stuckAfter)
	defer stuck.Stop()
	stuck.Stop()
	for {
		select {
		case event, ok := <-r.guard.Events():
			if !ok {
				return end
			}
			if event.Kind == guard.Started {
				end.started = true
				switch {
				case stopping: // the guard still has to answer
				case r.limit > 0:
					answer.Reset(r.limit + answerTime)
				default:
					answer.Stop()
				}
				r.event(zerolog.InfoLevel).Int("pid", event.PID).Msg(r.name + " started")
				continue
			}
			ended = true
			answer.Stop()
			if event.Kind != guard.Killing {
				end.last = event
			}
			if event.Kept {
				return end
			}
			if event.Kind == guard.Killing && killAt > 0 && boottime.Now() >= killAt {
				r.log.Warn().Stringer("grace", r.grace).Msgf("the %s did not stop in time: killing it, with all that it had started", r.name)
			}
			if event.Kind == guard.Killing || event.Kind == guard.Died {
				stuck.Reset(stuckAfter)
			}
		case <-stop:
			stop, stopping = nil, true
			if end.last.Kind != 0 {
				continue
			}
			if r.grace == 0 || isImmediate(context.Cause(ctx)) {
				end.killed = true
				r.event(zerolog.WarnLevel).AnErr("cause", context.Cause(ctx)).Msg("killing the " + r.name)
				r.guard.Kill()
				if !ended {
					answer.Reset(answerTime)
				}
				continue
			}
			r.event(zerolog.InfoLevel).Stringer("grace", r.grace).Msg("stopping the " + r.name)
			killAt = boottime.Now() + r.grace
			r.guard.Stop(killAt)
			if !ended {
				answer.Reset(r.grace + answerTime)
			}
		case <-r.killed:
			if !ended {
				answer.Reset(answerTime)
			}
		case <-answer.C:
			r.log.Error().Int("guard", r.guard.PID()).Msgf("the guard does not answer: killing it, and the %s with it", r.name)
			r.guard.Abort()
		case <-stuck.C:
			r.log.Error().Strs("left", names(r.guard.Survivors())).Msgf("the %s does not die", r.name)
			stuck.Reset(stuckAgain)
		}
	}
}

// event begins a line of the log.
func (r run) event(level zerolog.Level) *zerolog.Event {
	if r.quiet {
		level = zerolog.DebugLevel
	}
	return r.log.WithLevel(level)
}

// isImmediate reports whether the cause of a context asks for SIGKILL without
// SIGTERM. Package heartbeat exports this interface as Immediate.
func isImmediate(cause error) bool {
	var immediate interface{ Immediate() bool }
	return errors.As(cause, &immediate) && immediate.Immediate()
}

// names lists processes for people, up to a limit.
func names(list []guard.Process) []string {
	const most = 20
	var out []string
	for i, p := range list {
		if i == most {
			return append(out, fmt.Sprintf("and %d more", len(list)-most))
		}
		name := strings.ToValidUTF8(p.Name, "?")
		if p.PID != 0 {
			name = fmt.Sprintf("%d %s", p.PID, name)
		}
		out = append(out, name)
	}
	return out
}
