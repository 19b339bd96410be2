package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// unitTime is how long after somebody signalled the command and its guard the order
// to stop may reach Run: systemd signals all processes of a unit.
const unitTime = 5 * time.Second

// ended decides what follows a run. If done, Run returns the error; otherwise it
// starts the command again.
func (c *Command) ended(ctx context.Context, g *guard.Guard, path string, end ending, ran time.Duration) (done bool, _ error) {
	c.replaced = c.replaced && !end.started
	log := c.spec.Log.With().Stringer("ran", ran.Round(time.Millisecond)).Logger()
	if end.killed || wasOrdered(ctx, end.last) {
		c.backoff.ran(ran)
		return true, context.Cause(ctx)
	}
	switch end.last.Kind {
	case guard.Late:
		return false, nil
	case guard.NotStarted:
		return c.notExecuted(diagnose(path, end.last.Err), ran, log)
	case guard.Exited:
		return c.exited(end.last, ran, log)
	}
	return c.guardDied(g, end.started, ran, log)
}

// wasOrdered reports whether a command ended because ctx did, or by the same order
// to stop. An order to the whole unit may reach the command first, its guard next
// and Run last.
func wasOrdered(ctx context.Context, last guard.Event) bool {
	switch last.Kind {
	case guard.Late, guard.NotStarted:
		return false
	case guard.Exited:
		switch last.Why {
		case guard.Expired:
			return false
		case guard.Outside:
			return sleep(ctx, unitTime) != nil
		}
	}
	return ctx.Err() != nil
}

// exited decides what follows an exit that ctx did not ask for.
func (c *Command) exited(last guard.Event, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	if last.Why == guard.Expired {
		c.backoff.ran(ran)
		log.Warn().Msg("command stopped: the lease ran out")
		return false, nil
	}
	code, why := last.Code, fmt.Sprintf("exit code %d", last.Code)
	if last.Left > 0 && last.Why == guard.Itself {
		event := log.Warn()
		if code == 0 {
			code, event = CodeLeftBehind, log.Error()
		}
		why += ", and it " + LeftBehind(last.Left)
		event.Int("code", last.Code).Msgf("the command exited, and it %s: run it in the foreground, and have it wait for what it starts", LeftBehind(last.Left))
	}
	return c.failedOrFinal(code, why, ran, log)
}

// LeftBehind says what became of n processes that a command did not wait for.
func LeftBehind(n int) string {
	if n == 1 {
		return "left 1 process behind, which was killed"
	}
	return fmt.Sprintf("left %d processes behind, which were killed", n)
}

// notExecuted decides what follows when the command could not be executed.
func (c *Command) notExecuted(err error, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	code := startCode(err)
	if code == 0 {
		return c.notStarted(err, ran, log)
	}
	log.Error().Err(err).Str("path", c.spec.Path).Msg("command cannot be executed")
	return c.failedOrFinal(code, err.Error(), ran, log)
}

// failedOrFinal decides what follows an exit with the given code. A command that
// cannot be executed has such a code as well.
func (c *Command) failedOrFinal(code int, why string, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	if c.spec.Restart.IsFinal(code) {
		log.Info().Int("code", code).Msg("command exited, and is not started again")
		return true, &Exit{Code: code}
	}
	delay := c.delay(ran, code)
	event := log.Warn()
	if code == 0 {
		event = log.Info()
	}
	event.Int("code", code).Int("failures", c.backoff.failures).Stringer("restart_in", delay).Msg("command exited")
	if c.backoff.failed() {
		return true, fmt.Errorf("%w: %s", ErrFailed, why)
	}
	return false, nil
}

// notStarted decides what follows when the system had no room for the command or
// its guard, such as memory or a free PID. That is no exit of the command.
func (c *Command) notStarted(err error, ran time.Duration, log zerolog.Logger) (done bool, _ error) {
	delay := c.delay(ran, exitcode.NotExecutable)
	log.Error().Err(err).Str("path", c.spec.Path).Int("failures", c.backoff.failures).Stringer("restart_in", delay).
		Msg("command could not be started, and is tried again")
	if c.backoff.failed() {
		return true, fmt.Errorf("%w: it could not be started: %w", ErrFailed, err)
	}
	return false, nil
}

// guardDied decides what follows the death of a guard. That is no exit of the
// command under any restart policy: its work is not done.
func (c *Command) guardDied(g *guard.Guard, started bool, ran time.Duration, log zerolog.Logger) (done bool, err error) {
	log = log.With().Int("guard", g.PID()).Logger()
	c.mu.Lock()
	leaseEnded := c.leaseEnded || boottime.Now() >= c.lease
	c.mu.Unlock()
	switch {
	case leaseEnded: // the kernel's timer has killed it
		c.backoff.ran(ran)
		log.Warn().Msg("the guard died: the lease ran out")
		return false, nil
	case !started && !c.replaced: // it was dead before it got its order
		c.replaced = true
		log.Warn().Msg("the guard died before the command started: starting another one")
		return false, nil
	}
	delay := c.delay(ran, exitcode.Signal+9)
	log.Error().Int("failures", c.backoff.failures).Stringer("restart_in", delay).Msg("the guard died, and the command with it")
	if started && c.spec.Restart == config.RestartNever || c.backoff.failed() {
		return true, fmt.Errorf("%w: its guard died", ErrFailed)
	}
	return false, nil
}

// delay notes an exit, and returns how long to wait before the next start.
func (c *Command) delay(ran time.Duration, code int) time.Duration {
	c.exitedItself = true
	d := c.backoff.exited(ran, code)
	c.notBefore = time.Now().Add(d)
	return d
}
