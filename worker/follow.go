package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

const (
	answerTime = 5 * time.Second  // a guard that is silent for longer is killed, and with it the command
	stuckAfter = 2 * time.Second  // from SIGKILL to the first complaint
	stuckAgain = 10 * time.Second // between two complaints
)

// follow passes the end of ctx on to the guard and waits until the guard and
// everything of its command is gone. It returns how the command ended, whether
// it had started, and whether it was killed because of ctx.
func (c *Command) follow(ctx context.Context, g *guard.Guard, hurry <-chan struct{}) (end guard.Event, started, killed bool) {
	log := c.spec.Log
	told := ctx.Done()
	asked := false  // the guard, to end the command
	ending := false // the guard said so, or can say no more
	var killAt time.Duration
	answer := time.NewTimer(answerTime)
	defer answer.Stop()
	stuck := time.NewTimer(stuckAfter)
	defer stuck.Stop()
	stuck.Stop()
	for {
		select {
		case e, ok := <-g.Events():
			if !ok {
				return end, started, killed
			}
			if e.Kind == guard.Started {
				started = true
				if !asked { // or else it has to answer to that
					answer.Stop()
				}
				log.Info().Int("pid", e.PID).Msg("command started")
				continue
			}
			ending = true
			answer.Stop()
			if e.Kind != guard.Killing {
				end = e
			}
			if e.Kind == guard.Killing && killAt > 0 && !killed && boottime.Now() >= killAt {
				log.Warn().Stringer("grace", c.spec.Timing.StopGrace).Msg("the command did not stop in time: killing it, with all that it had started")
			}
			if e.Kind == guard.Killing || e.Kind == guard.Died {
				stuck.Reset(stuckAfter)
			}
		case <-told:
			told, asked = nil, true
			if end.Kind != 0 {
				continue
			}
			if immediate(ctx) {
				killed = true
				log.Warn().AnErr("cause", context.Cause(ctx)).Msg("killing the command")
				g.Kill()
				if !ending {
					answer.Reset(answerTime)
				}
				continue
			}
			log.Info().Stringer("grace", c.spec.Timing.StopGrace).Msg("stopping the command")
			killAt = boottime.Now() + c.spec.Timing.StopGrace
			g.Stop(killAt)
			if !ending {
				answer.Reset(c.spec.Timing.StopGrace + answerTime)
			}
		case <-hurry:
			if !ending {
				answer.Reset(answerTime)
			}
		case <-answer.C:
			log.Error().Int("guard", g.PID()).Msg("the guard does not answer: killing it, and the command with it")
			g.Abort()
		case <-stuck.C:
			log.Error().Strs("left", names(g.Survivors())).Msg("the command does not die")
			stuck.Reset(stuckAgain)
		}
	}
}

// immediate reports whether the cause of ctx asks for SIGKILL without SIGTERM.
func immediate(ctx context.Context) bool {
	var cause interface{ Immediate() bool }
	return errors.As(context.Cause(ctx), &cause) && cause.Immediate()
}

// names lists processes for people, not without end.
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
