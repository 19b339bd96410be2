package attempt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/internal/boottime"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/worker"
)

// Config is what a runner needs.
type Config struct {
	Executor *worker.Executor
	Store    Store
	// Stdout and Stderr get what commands write, each line after the name of its job. Nil:
	// nobody does.
	Stdout, Stderr io.Writer
	// Folder is where private folders are made. Empty means os.TempDir.
	Folder string
	Log    zerolog.Logger
}

// Runner runs attempts, several at a time.
type Runner struct {
	config         Config
	dir            string // the working directory of this process
	stdout, stderr *worker.Lines

	patience time.Duration // see storePatience
}

// Job is what an attempt runs, and by which rules.
type Job struct {
	// Command is the program and its arguments. A program without a separator is looked up
	// in PATH, and another one is relative to Dir.
	Command []string
	// Env are variables of its environment, each as NAME=VALUE. Those of Understudy are left
	// out.
	Env []string
	// Dir is its working directory, relative to that of this process, which is the default.
	Dir string
	// Timeout is how long it may take, from its start. 0: as long as the lease lasts.
	Timeout time.Duration
	// StopGrace is how long it may take to stop before it is killed, at most the stop grace
	// of the executor, which 0 means.
	StopGrace time.Duration
}

// End is how an attempt ended.
type End struct {
	// End is never that it was cancelled. Whoever ends the context knows why it did that;
	// such an attempt has exited, whatever its exit code is.
	End    store.AttemptEnd
	Code   int    // the exit code, or 128+n after signal n; -1: there is none
	Remark string // for people; see store.MaxRemark
	Output store.Output
	Result []byte // at most store.MaxResult
	// Unstarted says that the command was not started, for sure.
	Unstarted bool
}

// New returns a runner. It removes the private folders that processes of this user have
// left when they crashed, and logs it if none can be made.
func New(c Config) (*Runner, error) {
	switch {
	case c.Executor == nil:
		return nil, errors.New("attempt: no executor")
	case c.Store == nil:
		return nil, errors.New("attempt: no store")
	}
	if c.Folder == "" {
		c.Folder = os.TempDir()
	}
	folder, err := filepath.Abs(c.Folder)
	if err != nil {
		return nil, fmt.Errorf("attempt: the place for private folders: %w", err)
	}
	c.Folder = folder
	r := &Runner{config: c, dir: worker.WorkingDir(), patience: storePatience}
	for _, out := range []struct {
		to    io.Writer
		lines **worker.Lines
	}{{c.Stdout, &r.stdout}, {c.Stderr, &r.stderr}} {
		if out.to == nil {
			out.to = io.Discard
		}
		*out.lines = worker.NewLines(out.to)
	}
	if n := sweep(folder, c.Log); n > 0 {
		c.Log.Info().Int("folders", n).Str("in", folder).Msg("removed private folders of runs whose process is gone")
	}
	if trial, err := newFolder(folder); err != nil {
		c.Log.Error().Err(err).Msg("no private folder can be made for a run, so each attempt will fail: " + hintFolder)
	} else {
		trial.remove(c.Log)
	}
	return r, nil
}

// Run runs an attempt that was claimed, and returns when nothing of it is left. It does not
// start the command unless more than the stop grace is left of the lease.
//
// When ctx ends, the command is told to stop, and what is left after its grace is killed. If
// the cause of ctx is a heartbeat.Immediate that says true, everything is killed at once. What
// is to be stored then is tried for a second more at most.
func (r *Runner) Run(ctx context.Context, job Job, run store.Run) End {
	a := &attempt{
		Runner: r, job: job, run: run, began: boottime.Now(), wall: time.Now(),
		holder: store.Holder{Group: run.Group, Term: run.Term, Instance: run.Instance},
		log:    r.config.Log.With().Str("run", run.Key.String()).Int("attempt", run.Attempt).Logger(),
	}
	if len(job.Command) == 0 {
		return notStarted(store.AttemptFailed, "it has no command")
	}
	folder, err := newFolder(r.config.Folder)
	if err != nil {
		return notStarted(store.AttemptFailed, fmt.Sprintf("its private folder cannot be made: %v; %s", err, hintFolder))
	}
	a.folder = folder
	defer a.folder.remove(a.log)
	a.bequeath(ctx)
	if end, ok := a.prepare(ctx); !ok {
		return end
	}
	return a.execute(ctx)
}

const hintFolder = "TMPDIR names a directory for them"

// attempt is one call of Run.
type attempt struct {
	*Runner
	job    Job
	run    store.Run
	holder store.Holder
	folder *folder
	log    zerolog.Logger
	began  time.Duration // an instant of internal/boottime's clock
	wall   time.Time     // the same instant
}

// now returns the time by the registry's clock, as far as is known: the attempt was claimed
// just before it began.
func (a *attempt) now() time.Time {
	claimed := a.wall
	if n := len(a.run.Attempts); n > 0 && a.run.Attempts[n-1].Number == a.run.Attempt {
		claimed = a.run.Attempts[n-1].From
	}
	return claimed.Add(boottime.Now() - a.began)
}

// callTimeout bounds a call of the store.
const callTimeout = 10 * time.Second

// call calls the store.
func (a *attempt) call(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return f(ctx)
}

// lost reports whether an error says that this attempt has nothing to write any more.
func lost(err error) bool {
	return errors.Is(err, store.ErrSuperseded) || errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrNoRun)
}
