package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/status"
)

func newJobsPause() *cobra.Command {
	var why string
	var asJSON bool
	c := &cobra.Command{
		Use:   "pause JOB",
		Short: "Pause a job: no slot of it is run until it is resumed",
		Long: `Jobs pause pauses a job of UNDERSTUDY_GROUP. From then on it is not due. A run that has
begun goes on, and a trigger still starts the job. The command jobs shows who paused a job, since when and why.

Slots that pass while a job is paused are not run later. To pause a job that is paused
already changes nothing.`,
		Example: `  understudy jobs pause report --why "the warehouse is being moved"
  understudy jobs resume report`,
		Args:              oneJob,
		ValidArgsFunction: completeJob(func(j store.Job) bool { return j.Paused == nil }),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkWhy(why); err != nil {
				return err
			}
			defer signals.IgnorePipe()()
			return changeJob(c, args[0], asJSON, func(ctx context.Context, s store.Asking, cl *client) (store.Job, error) {
				return s.Pause(ctx, cl.conf.Group, args[0], cl.asker(), why)
			})
		},
	}
	addWhyFlag(c, &why)
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	return c
}

func newJobsResume() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "resume JOB",
		Short: "Let a job that is paused be due again",
		Long: `Jobs resume undoes jobs pause. The job is due again from its next slot on: the slots that
passed meanwhile are not run. To resume a job that is not paused changes nothing.`,
		Example:           `  understudy jobs resume report`,
		Args:              oneJob,
		ValidArgsFunction: completeJob(func(j store.Job) bool { return j.Paused != nil }),
		RunE: func(c *cobra.Command, args []string) error {
			defer signals.IgnorePipe()()
			return changeJob(c, args[0], asJSON, func(ctx context.Context, s store.Asking, cl *client) (store.Job, error) {
				return s.Resume(ctx, cl.conf.Group, args[0])
			})
		},
	}
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	return c
}

// changeJob pauses or resumes a job, and prints what became of it.
func changeJob(c *cobra.Command, name string, asJSON bool, change func(context.Context, store.Asking, *client) (store.Job, error)) error {
	ctx := c.Context()
	cl, err := openToAsk(ctx, c)
	if err != nil {
		return err
	}
	defer cl.close()
	j, err := askFor(ctx, cl, func(ctx context.Context, s store.Asking) (store.Job, error) { return change(ctx, s, cl) })
	if errors.Is(err, store.ErrNoJob) {
		if _, known := cl.jobNamed(ctx, name); known != nil {
			err = known
		}
	}
	if err != nil {
		return err
	}
	v := view.OfJob(j)
	if asJSON {
		return unlessGone(writeJSON(c.OutOrStdout(), v))
	}
	text := status.Visible(j.Name) + " is not paused\n"
	if j.Paused != nil {
		at, err := cl.now(ctx)
		if err != nil {
			at = time.Now() // it is paused, and that is what was asked for
		}
		text = pausedBy(v, at) + "\n"
	}
	if j.Gone {
		cl.tell(fmt.Sprintf("the file of the active instance has no job %s any more", j.Name))
	}
	return unlessGone(write(c.OutOrStdout(), []byte(text)))
}
