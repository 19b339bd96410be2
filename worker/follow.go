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
// everything of its command is gone. It returns how the command ended, and
// whether it was killed because of ctx.
func (c *Command) follow(ctx context.Context, g *guard.Guard) (end guard.Event, killed bool) {
	log := c.spec.Log
	told := ctx.Done()
	answer := time.NewTimer(answerTime)
	defer answer.Stop()
	stuck := time.NewTimer(stuckAfter)
	defer stuck.Stop()
	stuck.Stop()
	for {
		select {
		case e, ok := <-g.Events():
			if !ok {
				return end, killed
			}
			switch e.Kind {
			case guard.Started:
				answer.Stop()
				log.Info().Int("pid", e.PID).Msg("command started")
			case guard.Killing:
				answer.Stop()
				stuck.Reset(stuckAfter)
			case guard.Died:
				answer.Stop()
				stuck.Reset(stuckAfter)
				end = e
			default:
				answer.Stop()
				end = e
			}
		case <-told:
			told = nil
			if end.Kind != 0 {
				continue
			}
			if immediate(ctx) {
				killed = true
				log.Warn().AnErr("cause", context.Cause(ctx)).Msg("killing the command")
				g.Kill()
				answer.Reset(answerTime)
				continue
			}
			log.Info().Stringer("grace", c.spec.Grace).Msg("stopping the command")
			g.Stop(boottime.Now() + c.spec.Grace)
			answer.Reset(c.spec.Grace + answerTime)
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
		out = append(out, fmt.Sprintf("%d %s", p.PID, strings.ToValidUTF8(p.Name, "?")))
	}
	return out
}
