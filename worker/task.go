package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// ErrLimit says that a task was killed because it did not end in time.
var ErrLimit = errors.New("worker: task did not end in time")

// taskMargin is what the kernel leaves a guard to kill what is left of a task
// after its limit, before it kills the guard itself. A guard may have to wait a
// second for a processor, see registry.Timing.KillMargin.
const taskMargin = 1200 * time.Millisecond

// Task is a command that runs once, in no term: whatever becomes of it, a
// [Command] of the same process does not notice.
type Task struct {
	Path  string        // the executable; a name without a separator is looked up, see Resolve
	Dir   string        // to run it in; empty means this process's, see WorkingDir
	Args  []string      // argv, beginning with the command's name; empty means Path alone
	Extra []string      // added to this process's environment, from which what is Understudy's own is left out
	Limit time.Duration // from the call of Run on; after it, everything gets SIGKILL. Required
	Log   zerolog.Logger
}

// Run runs the task under a guard of its own, so that it dies with this
// process. It gets an empty standard input, our standard error for all that it
// puts out, since the output is the work's, and an UNDERSTUDY_RUN. When the
// command itself exits, what it leaves behind is killed. Run returns only when
// no descendant is left, however long that takes:
//
//   - the exit code, 128+n for signal n;
//   - ErrLimit;
//   - context.Cause(ctx), if ctx ended first: everything got SIGKILL;
//   - ErrGuard, or why the command could not be executed, or that its guard
//     was killed, or that there is no path or limit.
func (t Task) Run(ctx context.Context) (code int, err error) {
	if t.Path == "" || t.Limit <= 0 {
		return 0, fmt.Errorf("worker: task %q with a limit of %v: want a path and a limit", t.Path, t.Limit)
	}
	path, err := located(t.Path)
	if err != nil {
		return 0, fmt.Errorf("task: %w", err)
	}
	until := boottime.Now() + t.Limit
	starting, cancel := context.WithTimeoutCause(ctx, t.Limit, ErrLimit)
	defer cancel()
	g, err := guard.Start(starting, guard.ToStderr)
	if err != nil {
		return 0, fmt.Errorf("task: %w", err)
	}
	if len(t.Args) == 0 {
		t.Args = []string{t.Path}
	}
	mark := EnvRun + "=" + rand.Text()
	g.Run(guard.Order{
		Path: path, Dir: t.Dir, Args: t.Args, Env: append(public(os.Environ(), t.Extra...), mark), Mark: mark,
		Lease: until + taskMargin, Grace: taskMargin, Margin: taskMargin, // SIGKILL at the limit
	})
	end, killed := t.follow(ctx, g)
	switch {
	case killed:
		return 0, context.Cause(ctx)
	case end.Kind == guard.Exited && end.Why == guard.Expired, end.Kind == guard.Late, end.Kind == guard.Died && boottime.Now() >= until:
		return 0, ErrLimit
	case end.Kind == guard.NotStarted:
		return 0, fmt.Errorf("task: %s: %w", path, diagnosed(path, end.Err))
	case end.Kind == guard.Exited:
		if end.Left > 0 && end.Why == guard.Itself {
			t.Log.Warn().Str("path", t.Path).Int("code", end.Code).Msg("the task exited, and it " + leftBehind(end.Left))
		}
		return end.Code, nil
	}
	return 0, errors.New("worker: task's guard was killed")
}

// follow passes the end of ctx on to the guard, and waits until the guard and
// everything of its task is gone. It returns how the task ended, and whether it
// was killed because of ctx.
func (t Task) follow(ctx context.Context, g *guard.Guard) (end guard.Event, killed bool) {
	told := ctx.Done()
	ending := false // the guard said so, or can say no more
	answer := time.NewTimer(t.Limit + taskMargin + answerTime)
	defer answer.Stop()
	stuck := time.NewTimer(0)
	stuck.Stop()
	defer stuck.Stop()
	for {
		select {
		case e, ok := <-g.Events():
			switch {
			case !ok:
				return end, killed
			case e.Kind == guard.Started:
				t.Log.Debug().Int("pid", e.PID).Str("path", t.Path).Msg("task started")
				continue
			case e.Kind != guard.Killing:
				end = e
			}
			ending = true
			answer.Stop()
			stuck.Reset(stuckAfter)
		case <-told:
			told, killed = nil, end.Kind == 0
			g.Kill()
			if !ending {
				answer.Reset(answerTime)
			}
		case <-answer.C:
			t.Log.Error().Int("guard", g.PID()).Msg("the guard of a task does not answer: killing it, and the task with it")
			g.Abort()
		case <-stuck.C:
			t.Log.Error().Strs("left", names(g.Survivors())).Msg("a task does not die")
			stuck.Reset(stuckAgain)
		}
	}
}
