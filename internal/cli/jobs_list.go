package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
)

func listJobs(c *cobra.Command, asJSON bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := openClient(ctx, c, registry.Look)
	if err != nil {
		return err
	}
	defer cl.close()
	list, at, err := cl.viewJobs(ctx)
	if err != nil {
		return err
	}
	if len(list.Jobs) == 0 && list.Unread == "" {
		cl.tellNoJobs()
	}
	if asJSON {
		return unlessGone(writeJSON(out, list))
	}
	return unlessGone(writeLines(out, showJobs(list.Jobs, at, width(out))))
}

// viewJobs reads the jobs of the group, and what the registry's clock shows.
func (cl *client) viewJobs(ctx context.Context) (list view.Jobs, at time.Time, err error) {
	defer cl.tellIfSlow()()
	if at, err = cl.now(ctx); err != nil {
		return list, at, err
	}
	list, err = ask(ctx, cl, func(ctx context.Context, s store.Asking) (view.Jobs, error) {
		return view.ReadJobs(ctx, s, cl.conf.Group, at)
	})
	cl.tellMissing(list.Unread)
	return list, at, err
}

// tellMissing tells of records that are missing in a list because they cannot be
// understood.
func (cl *client) tellMissing(unread string) {
	if unread != "" {
		cl.tell("records cannot be read: " + trouble(errors.New(unread)))
	}
}

// tellNoJobs tells that the group has no jobs, and which registry says so.
func (cl *client) tellNoJobs() {
	cl.tell(fmt.Sprintf("group %s has no jobs: no instance that runs jobs has been active in it", cl.conf.Group))
	cl.tell(cl.where())
}

// now returns what the registry's clock shows.
func (cl *client) now(ctx context.Context) (time.Time, error) {
	info, err := call(ctx, cl, cl.admin.Info)
	return info.At, err
}
