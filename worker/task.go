package worker

import (
	"context"
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

// taskMargin is how long after a task's limit the kernel kills the guard. Until
// then the guard kills what is left of the task. It may have to wait a second for a
// processor, see registry.Timing.KillMargin.
const taskMargin = 1200 * time.Millisecond

// Task is a command that runs once, in no term. A [Command] of the same process
// does not notice what becomes of it.
type Task struct {
	Path  string        // the executable; a name without a separator is looked up, see Resolve
	Dir   string        // the working directory; empty means this process's, see WorkingDir
	Args  []string      // argv, beginning with the command's name; empty means Path alone
	Extra []string      // added to this process's environment, from which Understudy's own variables are removed
	Limit time.Duration // from the call of Run; then everything gets SIGKILL. Required
	Log   zerolog.Logger
}

// Run runs the task under a guard of its own, so that it dies with this process.
// The task gets an empty standard input. Its output goes to this process's standard
// error, because the standard output belongs to the work. Its environment has an
// UNDERSTUDY_RUN. When the command itself exits, what it leaves behind is killed.
// Run returns only when no descendant is left, however long that takes. It returns:
//
//   - the exit code, which is 128+n after signal n;
//   - [ErrLimit];
//   - context.Cause(ctx), if ctx ended first: everything got SIGKILL;
//   - an error that wraps [ErrGuard], or says why the command could not be executed,
//     that its guard was killed, or that the task has no path or limit.
func (t Task) Run(ctx context.Context) (code int, err error) {
	if t.Path == "" || t.Limit <= 0 {
		return 0, fmt.Errorf("worker: task %q with a limit of %v: want a path and a limit", t.Path, t.Limit)
	}
	path, err := locate(t.Path)
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
	mark := newMark()
	g.Run(guard.Order{
		Path: path, Dir: t.Dir, Args: t.Args, Env: append(public(os.Environ(), t.Extra...), mark), Mark: mark,
		Lease: until + taskMargin, Grace: taskMargin, Margin: taskMargin, // SIGKILL at the limit, without SIGTERM before
	})
	log := t.Log.With().Str("path", t.Path).Logger()
	end := run{name: "task", guard: g, log: log, quiet: true, limit: t.Limit + taskMargin}.supervise(ctx)
	switch last := end.last; {
	case end.killed:
		return 0, context.Cause(ctx)
	case last.Kind == guard.Exited && last.Why == guard.Expired, last.Kind == guard.Late, last.Kind == guard.Died && boottime.Now() >= until:
		return 0, ErrLimit
	case last.Kind == guard.NotStarted:
		return 0, fmt.Errorf("task: %s: %w", path, diagnose(path, last.Err))
	case last.Kind == guard.Exited:
		if last.Left > 0 && last.Why == guard.Itself {
			log.Warn().Int("code", last.Code).Msg("the task exited, and it " + LeftBehind(last.Left))
		}
		return last.Code, nil
	}
	return 0, errors.New("worker: task's guard was killed")
}
