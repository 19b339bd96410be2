package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/internal/lastwill"
	"github.com/understudy-go/understudy/worker/internal/guard"
)

// Execution is a command that runs once.
type Execution struct {
	Name string // for the log

	Path  string   // the executable, relative to Dir; a name without a separator is looked up, see Resolve
	Args  []string // argv, beginning with the command's name; empty means Path alone
	Dir   string   // the working directory; empty means this process's, see WorkingDir
	Env   []string // nil means this process's; Understudy's own variables are removed
	Extra []string // added to Env

	Timeout time.Duration // from the start; then the command is told to stop. 0: only the lease limits it
	Grace   time.Duration // from SIGTERM to SIGKILL, at most Timing.StopGrace, which 0 means

	// Output gets what the command and its descendants write to their standard output
	// (stream 1) and error (stream 2), one call after another. It must not keep chunk.
	// While it does not return, the command has to wait when it writes more than a
	// pipe holds, and nobody else does. Nil: the output is read and thrown away.
	Output func(stream int, chunk []byte)
}

// Run starts a command, once, under a guard with the lease of this process, and returns
// when no descendant of it is left, however long that takes. It does not start it unless
// more than the stop grace is left of the lease.
//
// The command gets an empty standard input, a process group of its own, and a variable
// UNDERSTUDY_RUN by which its processes are found. When ctx ends, and at the timeout, its
// group gets SIGTERM, and whatever is left after the grace gets SIGKILL. If the cause of
// ctx is a heartbeat.Immediate that says true, everything gets SIGKILL at once. With the
// lease it ends as a [Command] does. When the command itself exits, what it leaves behind
// is killed.
//
// Run returns after the last call of Output, too. What the command wrote has reached it,
// unless a process that does not descend from the command got hold of its output and
// writes on.
func (e *Executor) Run(ctx context.Context, x Execution) End {
	if err := x.check(); err != nil {
		return notStarted(err)
	}
	path, err := locate(x.Path)
	if err != nil {
		return notStarted(err)
	}
	for range maxGuards {
		if ctx.Err() != nil {
			break
		}
		if !e.HasLease() {
			return End{Outcome: Late, Unstarted: true, Code: -1}
		}
		if end, ok := e.runUnder(ctx, path, x); ok {
			return end
		}
	}
	if ctx.Err() != nil {
		return End{Outcome: Cancelled, Unstarted: true, Code: -1, Err: context.Cause(ctx)}
	}
	return End{Outcome: GuardDied, Code: -1}
}

// maxGuards is how many guards may die before they get their order.
const maxGuards = 3

// check returns what is wrong with a command, or nil.
func (x Execution) check() error {
	if x.Path == "" {
		return errors.New("worker: no command")
	}
	if x.Timeout < 0 || x.Grace < 0 {
		return fmt.Errorf("worker: a timeout of %v with a grace of %v: want 0 or more", x.Timeout, x.Grace)
	}
	for _, list := range [][]string{{x.Path, x.Dir}, x.Args, x.Env, x.Extra} {
		for _, s := range list {
			if strings.ContainsRune(s, 0) {
				return errors.New("worker: a NUL in the path, the directory, an argument or the environment")
			}
		}
	}
	return nil
}

// runUnder runs a command under a guard. It is not ok if that died before it could get
// its order.
func (e *Executor) runUnder(ctx context.Context, path string, x Execution) (_ End, ok bool) {
	g, err := e.take(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return End{}, false
		}
		return notStarted(fmt.Errorf("worker: %w", err)), true
	}
	out, err := newOutput(x.Output)
	if err != nil {
		e.release(g)
		return notStarted(fmt.Errorf("worker: output: %w", err)), true
	}
	defer out.close()

	order, limit := e.order(path, x)
	order.Output, order.Run = out.writers(), lastwill.RunOf(ctx).Number()
	running := e.begin(ctx, g, order)
	if running == nil {
		e.release(g)
		return End{}, false
	}
	name := e.spec.Log.With().Str("run", x.Name).Logger()
	end := run{
		name: "run", guard: g, log: name, quiet: true, grace: order.LimitGrace, limit: limit, killed: running.kill,
	}.supervise(ctx)
	e.over(running)
	if end.last.Kept {
		e.release(g)
	} else {
		e.replace()
	}
	out.finish()
	if end.last.Kind == 0 && !end.started { // it died before it could read the order
		return End{}, false
	}
	end.killed = end.killed || running.killed
	timedOut := order.Limit != 0 && boottime.Now() >= order.Limit
	if !filepath.IsAbs(path) {
		path = filepath.Join(x.Dir, path)
	}
	return endOf(ctx, path, end, running.leaseEnded, timedOut), true
}

// release makes a guard without a command ready for another run, or ends it.
func (e *Executor) release(g *guard.Guard) {
	if !g.Idle() || !e.keep(g) {
		retire(g)
	}
}

// order returns the order for a command, and how long the run may take.
func (e *Executor) order(path string, x Execution) (_ guard.Order, limit time.Duration) {
	mark := newMark()
	grace := x.Grace
	if grace == 0 || grace > e.spec.Timing.StopGrace {
		grace = e.spec.Timing.StopGrace
	}
	args, env := x.Args, x.Env
	if len(args) == 0 {
		args = []string{x.Path}
	}
	if env == nil {
		env = os.Environ()
	}
	env = slices.DeleteFunc(public(env, x.Extra...), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return sameName(name, config.EnvRun)
	})
	o := guard.Order{
		Path: path, Dir: x.Dir, Args: args, Env: append(env, mark), Mark: mark,
		Grace: e.spec.Timing.StopGrace, Margin: e.spec.Timing.KillMargin(), LimitGrace: grace, Keep: e.spec.Ready > 0,
	}
	if x.Timeout > 0 {
		o.Limit = boottime.Now() + x.Timeout
		limit = x.Timeout + grace
	}
	return o, limit
}
