package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

func newRunsCancel() *cobra.Command {
	var why string
	var asJSON bool
	c := &cobra.Command{
		Use:   "cancel JOB/RUN",
		Short: "Cancel a run that waits or is processed",
		Long: `Runs cancel cancels a run of UNDERSTUDY_GROUP. One that waits is cancelled at once. One
that is processed is told to stop, as at its timeout: the active instance reads the
request within seconds, and the run has ended when its command is gone. Runs show tells
when that is so. The jobs that follow on its end are those that follow on a failure.`,
		Example:           `  understudy runs cancel report/2027-03-14T01:30:00Z --why "wrong data"`,
		Args:              oneRun,
		ValidArgsFunction: completeRun(func(r store.Run) bool { return !r.State.Ended() }),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkWhy(why); err != nil {
				return err
			}
			defer signals.IgnorePipe()()
			return changeRun(c, args[0], asJSON, "cancelled", func(ctx context.Context, s store.Asking, cl *client, k store.Key) (store.Run, error) {
				return s.Cancel(ctx, k, cl.asker(), why)
			})
		},
	}
	addWhyFlag(c, &why)
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	return c
}

func newRunsRetry() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "retry JOB/RUN",
		Short: "Have a run start again that failed, timed out, exited or was cancelled",
		Long: `Runs retry has a run of UNDERSTUDY_GROUP start again that has ended without success. It
waits from then on, with the payload that it had, and has all its retries again. Its
earlier attempts stay in its record.`,
		Example: `  understudy runs retry report/2027-03-14T01:30:00Z
  understudy runs --status failed --json | jq -r '.runs[].id' | xargs -n 1 understudy runs retry`,
		Args:              oneRun,
		ValidArgsFunction: completeRun(func(r store.Run) bool { return r.State.Retryable() && !r.Open }),
		RunE: func(c *cobra.Command, args []string) error {
			defer signals.IgnorePipe()()
			return changeRun(c, args[0], asJSON, "retried", func(ctx context.Context, s store.Asking, cl *client, k store.Key) (store.Run, error) {
				return s.Retry(ctx, k, cl.asker())
			})
		},
	}
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	return c
}

// changeRun cancels or retries a run, and prints what became of it.
func changeRun(c *cobra.Command, name string, asJSON bool, what string, change func(context.Context, store.Asking, *client, store.Key) (store.Run, error)) error {
	ctx := c.Context()
	cl, err := openToAsk(ctx, c)
	if err != nil {
		return err
	}
	defer cl.close()
	k, err := store.ParseKey(cl.conf.Group, name)
	if err != nil {
		return usageError{err}
	}
	r, err := askFor(ctx, cl, func(ctx context.Context, s store.Asking) (store.Run, error) { return change(ctx, s, cl, k) })
	switch {
	case errors.Is(err, store.ErrNoRun):
		return cl.noRun(ctx, k)
	case errors.Is(err, store.ErrState):
		return cl.notPossible(ctx, k, what, err)
	case err != nil:
		return err
	case asJSON:
		return unlessGone(writeJSON(c.OutOrStdout(), view.OfRun(r)))
	}
	var text string
	switch {
	case r.State == store.Processing:
		text = fmt.Sprintf("%s is to be cancelled: its instance stops it", k)
		if who, err := cl.readGroup(ctx, cl.conf.Group, 1); err == nil {
			if in, ok := who.Active(); !ok || in.Silent {
				cl.tell("no instance is active, so nobody reads the request yet: " + who.Health)
			}
		}
	default:
		text = fmt.Sprintf("%s is %s", k, r.State)
	}
	return unlessGone(write(c.OutOrStdout(), []byte(text+"\n")))
}

// notPossible says why a run cannot be cancelled or retried.
func (cl *client) notPossible(ctx context.Context, k store.Key, what string, no error) error {
	r, err := cl.run(ctx, k)
	switch {
	case err != nil:
		return no
	case what == "cancelled":
		return fmt.Errorf("%s is %s already, and cannot be cancelled", k, r.State)
	case r.State.Retryable() && r.Open:
		return fmt.Errorf("%s is %s, and what follows its end is not done yet: try again in a moment", k, r.State)
	}
	return fmt.Errorf("%s is %s, and cannot be retried: only what failed, timed out, exited or was cancelled can; trigger starts a new run", k, r.State)
}
