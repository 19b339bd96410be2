package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

func newTrigger(code *int) *cobra.Command {
	var o triggerOptions
	priority := wholeNumber("0")
	c := &cobra.Command{
		Use:   "trigger JOB",
		Short: "Have the active instance run a job now, or at a given time",
		Long: `Trigger asks for a run of a job of UNDERSTUDY_GROUP, and prints its name, JOB/RUN. The
active instance starts it as soon as it is due and may start; runs of a higher priority go
first. If no instance is active, the run waits, and trigger says so.

The payload is a file, or stdin with "-", or JSON that begins with { or [. The command
finds it in the file that UNDERSTUDY_PAYLOAD_FILE names. It has 1 MiB at most.

With --key, a second trigger with the same key and the same payload asks for nothing more:
it prints the run that is there. So a script that got no answer can call it again. With
another payload it is a conflict (exit code 65).

With --wait, trigger waits until the run has ended. Its exit code is that of the run: 0 if
it completed, and the exit code of the command if it failed; see the exit codes below.
With --follow it waits as well, and prints the output of the command on stdout as it
comes, and nothing else there. Ctrl-C ends the waiting, and the run goes on.

With --json, trigger prints one object: whether the run was made by this call (created),
the run, and an error if there was one after that. docs/jobs.md lists its fields.`,
		Example: `  understudy trigger report
  understudy trigger report --payload '{"day": "2027-03-14"}' --key 2027-03-14 --wait
  pg_dump orders | understudy trigger archive --payload - --follow
  understudy trigger report --at 2027-03-14T06:00:00+01:00`,
		Args:              oneJob,
		ValidArgsFunction: completeJob(nil),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, string(priority)); err != nil {
				return err
			}
			defer signals.IgnorePipe()()
			return trigger(c, args[0], o, code)
		},
	}
	c.Flags().StringVar(&o.payload, "payload", "", "what the run works on: `FILE`, - for stdin, or JSON that begins with { or [")
	c.Flags().StringVar(&o.at, "at", "", "do not start it before `TIME`, such as 2027-03-14T06:00:00+01:00")
	c.Flags().StringVar(&o.key, "key", "", "the run is made once for each `KEY`, however often it is asked for")
	c.Flags().Var(&priority, "priority", "of the runs that are due, the one with the highest priority goes first; `N` is 0 if it is left out")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the run has ended; its exit code is the run's")
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "wait, and print its output as it comes")
	addJSONFlag(c, &o.json)
	addPlaceFlags(c)
	for _, name := range []string{"at", "key", "priority"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

type triggerOptions struct {
	payload, at, key   string
	wait, follow, json bool

	due   time.Time // zero: now
	order int       // the priority
}

// parse checks the flags.
func (o *triggerOptions) parse(c *cobra.Command, priority string) (err error) {
	if o.order, err = strconv.Atoi(priority); err != nil || o.order < -store.MaxPriority || o.order > store.MaxPriority {
		return usageError{fmt.Errorf("--priority %.100s: want a whole number from %d to %d", priority, -store.MaxPriority, store.MaxPriority)}
	}
	if c.Flags().Changed("at") {
		if o.due, err = parseInstant("at", o.at); err != nil {
			return err
		}
	}
	if c.Flags().Changed("key") {
		if err := store.CheckKey(o.key); err != nil {
			return usageError{fmt.Errorf("--key: %w", err)}
		}
	}
	if o.json && o.follow {
		return usageError{errors.New("--json and --follow: want one of them")}
	}
	return nil
}

// triggerResult is what became of a trigger, as programs read it.
type triggerResult struct {
	Created bool      `json:"created"`
	Run     *view.Run `json:"run,omitempty"`
	Error   string    `json:"error,omitempty"`
}

func trigger(c *cobra.Command, job string, o triggerOptions, code *int) error {
	payload, err := readPayload(c, o.payload)
	if err != nil {
		return err
	}
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := openToAsk(ctx, c)
	if err != nil {
		return err
	}
	defer cl.close()
	if o.wait || o.follow {
		var stop func()
		ctx, stop = untilSignal(ctx)
		defer stop()
	}
	wanted := store.Run{
		Key:     store.Key{Group: cl.conf.Group, Job: job, Run: store.NewID()},
		Trigger: store.ByPerson, Due: o.due, Priority: o.order, By: cl.asker(),
	}
	if o.key != "" {
		wanted.Key.Run = store.KeyID(o.key)
	}
	r, created, err := cl.submit(ctx, wanted, payload, o.key == "")
	if err != nil {
		return interrupted(ctx, wanted.Key.String()+" may have been asked for", err)
	}
	switch {
	case o.json:
	case o.follow:
		cl.tell(r.Key.String())
	default:
		if err := unlessGone(write(out, []byte(r.Key.String()+"\n"))); err != nil {
			return err
		}
	}
	if !created && !o.json {
		cl.tell(fmt.Sprintf("it was asked for already at %s UTC by %s, and is %s", status.Instant(r.At, time.Now()), personOf(r.By), r.State))
	}
	if o.wait || o.follow {
		w := runWaiter{client: cl, key: r.Key}
		if o.follow {
			w.follow = newFollower(cl, r.Key, out)
		}
		last, failed := w.wait(ctx)
		if last.State != "" {
			r = last
		}
		if err = failed; err == nil {
			*code = exitCodeOfRun(r)
			if !o.json {
				cl.tell(outcomeOf(r))
			}
		}
	}
	if o.json {
		result := triggerResult{Created: created, Run: new(view.OfRun(r))}
		if err != nil {
			result.Error = explain(err)
		}
		if failed := unlessGone(writeJSON(out, result)); failed != nil {
			return failed
		}
	}
	return unlessGone(err)
}

// submit has a run made, unless no instance would ever start it, and says if none does at
// present.
func (cl *client) submit(ctx context.Context, r store.Run, payload []byte, ours bool) (stored store.Run, created bool, err error) {
	defer cl.tellIfSlow()()
	j, err := cl.jobNamed(ctx, r.Job)
	if err != nil {
		return r, false, err
	}
	if j.Gone {
		return r, false, fmt.Errorf("job %s is gone: the file of the active instance does not have it any more, so nobody would run it", j.Name)
	}
	stored, created, err = cl.insert(ctx, r, payload, ours)
	switch {
	case errors.Is(err, store.ErrConflict):
		return r, false, conflictError{fmt.Errorf("%s is there already, with another payload: use another key", r.Key)}
	case errors.Is(err, store.ErrFull):
		return r, false, fmt.Errorf("%d runs of group %s wait, and no more may: see understudy runs --status waiting", store.MaxWaiting, r.Group)
	case err != nil:
		return r, false, err
	}
	if !stored.State.Ended() {
		cl.tellIfNobody(ctx, j)
	}
	return stored, created, nil
}

// conflictError says that there is a run of a key with another payload.
type conflictError struct{ error }

func (e conflictError) Unwrap() error { return e.error }

// insert inserts a waiting run. If there is no answer, it asks again, since a run of this
// key is made once. The key is ours if nobody else can have it.
func (cl *client) insert(ctx context.Context, r store.Run, payload []byte, ours bool) (stored store.Run, created bool, err error) {
	const tries = 3
	for i := 0; ; i++ {
		stored, err = ask(ctx, cl, func(ctx context.Context, s store.Asking) (stored store.Run, err error) {
			stored, created, err = s.Submit(ctx, r, payload, store.MaxWaiting)
			return stored, err
		})
		if i > 0 && err == nil && ours {
			created = true // by a call whose answer was lost
		}
		_, unavailable := errors.AsType[openregistry.UnavailableError](err)
		if !unavailable || errors.Is(err, registry.ErrRefused) || ctx.Err() != nil {
			return stored, created, err
		}
		if i == tries-1 || openregistry.Pause(ctx) != nil {
			return stored, false, fmt.Errorf("%s may have been asked for, see understudy runs show: %w", r.Key, err)
		}
	}
}

// tellIfNobody tells that a run of a job waits because nobody would start it at present.
func (cl *client) tellIfNobody(ctx context.Context, j store.Job) {
	g, err := cl.readGroup(ctx, cl.conf.Group, 1)
	if err != nil {
		return // the run is there, and that is what was asked for
	}
	if why := view.WhyNobody(g, j.Term); why != "" {
		cl.tell(why)
	}
}
