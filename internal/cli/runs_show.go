package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
)

func newRunsShow() *cobra.Command {
	var o showOptions
	c := &cobra.Command{
		Use:   "show JOB/RUN",
		Short: "Show a run: its attempts, its result, what it printed",
		Long: `Runs show shows all that the registry knows of a run of UNDERSTUDY_GROUP: its status, its
attempts, its progress and result, the size of its payload and of its output, and who
asked to cancel it.

With --output, it prints what the last attempt printed, and nothing else. The registry
keeps the beginning and the end of a long output; a line says how many bytes are left out
between them. With --follow, it prints the output as it comes until the run has ended, and
goes on to the next attempt if there is one. Ctrl-C ends that, and the run goes on. On a
terminal, control characters in the output become escapes such as \x1b; in a file or a
pipe, the output is as it was.

With --json, runs show prints one object, with --output including the beginning (head) and
the end (tail) of the output. docs/jobs.md lists its fields.`,
		Example: `  understudy runs show report/2027-03-14T01:30:00Z
  understudy runs show report/k:nightly --output | grep WARN
  understudy runs show report/k:nightly --json | jq -r .result`,
		Args:              oneRun,
		ValidArgsFunction: completeRun(nil),
		RunE: func(c *cobra.Command, args []string) error {
			if o.json && o.follow {
				return usageError{errors.New("--json and --follow: want one of them")}
			}
			defer signals.IgnorePipe()()
			return unlessGone(showRun(c, args[0], o))
		},
	}
	c.Flags().BoolVar(&o.output, "output", false, "print what the run printed")
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "print its output as it comes, until it has ended")
	addJSONFlag(c, &o.json)
	addPlaceFlags(c)
	return c
}

type showOptions struct{ output, follow, json bool }

func showRun(c *cobra.Command, name string, o showOptions) error {
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := newClient(c)
	if err != nil {
		return err
	}
	k, err := store.ParseKey(cl.conf.Group, name)
	if err != nil {
		return usageError{err}
	}
	if err := cl.open(ctx, registry.Look); err != nil {
		return err
	}
	defer cl.close()
	over := cl.tellIfSlow()
	r, err := cl.run(ctx, k)
	over()
	switch {
	case err != nil:
		return err
	case o.follow:
		ctx, stop := untilSignal(ctx)
		defer stop()
		w := runWaiter{client: cl, key: k, follow: newFollower(cl, k, out)}
		_, err := w.wait(ctx)
		if _, ok := errors.AsType[signalError](err); ok {
			return nil // whoever followed it has seen enough
		}
		return err
	case o.output && !o.json:
		return newFollower(cl, k, out).all(ctx, r)
	}
	payload, err := cl.payloadSize(ctx, r)
	if err != nil {
		return err
	}
	if o.json {
		v := runDetails{Run: view.OfRun(r)}
		if v.Payload != "" && payload >= 0 {
			v.PayloadBytes = &payload
		}
		if !o.output {
			v.Output.Head, v.Output.Tail = "", ""
		}
		return writeJSON(out, v)
	}
	at, err := cl.now(ctx)
	if err != nil {
		return err
	}
	return writeLines(out, describeRun(view.OfRun(r), payload, at))
}

// runDetails is a run as programs read it, with what takes a read of its own.
type runDetails struct {
	view.Run
	PayloadBytes *int `json:"payloadBytes,omitempty"`
}

// run returns a run. The error about one that is not there says what there is.
func (cl *client) run(ctx context.Context, k store.Key) (store.Run, error) {
	r, err := ask(ctx, cl, func(ctx context.Context, s store.Asking) (store.Run, error) { return s.Run(ctx, k) })
	if errors.Is(err, store.ErrNoRun) {
		return r, cl.noRun(ctx, k)
	}
	return r, err
}

// noRun returns the error about a run that is not there.
func (cl *client) noRun(ctx context.Context, k store.Key) error {
	if _, err := cl.jobNamed(ctx, k.Job); err != nil {
		return err
	}
	return fmt.Errorf("there is no run %s: it never was, or its record was deleted (keep says how long they stay); the runs that there are: understudy runs -- %s", k, k.Job)
}

// payloadSize returns how many bytes the payload of a run has, 0 if there is none, and -1
// if it cannot be read.
func (cl *client) payloadSize(ctx context.Context, r store.Run) (int, error) {
	if r.Payload == (store.Digest{}) {
		return 0, nil
	}
	payload, err := ask(ctx, cl, func(ctx context.Context, s store.Asking) ([]byte, error) { return s.Payload(ctx, r.Key) })
	switch {
	case errors.Is(err, store.ErrNoRun):
		return -1, nil // deleted just now
	case err != nil:
		return -1, cl.tellUnread(err)
	}
	return len(payload), nil
}
