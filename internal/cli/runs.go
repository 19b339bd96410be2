package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
	"github.com/understudy-go/understudy/registry"
)

func newRuns() *cobra.Command {
	var asJSON bool
	var o runsOptions
	number := count{given: "20", most: store.MaxPage, of: "runs"}
	c := &cobra.Command{
		Use:   "runs [JOB]",
		Short: "Show the runs of jobs; look at one, cancel it, or have it run again",
		Long: `Runs shows the latest runs of the jobs of UNDERSTUDY_GROUP, or those of one job, newest
first. A run is one execution of a job that was asked for: by a slot of its schedule, by
a trigger, or by the end of another run. Its status is

  waiting      it is to be started when it is due
  processing   the active instance runs it
  completed    its command exited with 0
  failed       for good: no retry is left, or its exit code was final
  timed out    it was killed at its timeout, and no retry is left
  exited       its instance went away, and it may not run again
  skipped      it was never started; the remark says why
  cancelled    somebody cancelled it

What failed for good stays in the list (--status failed), and "runs retry" starts it
again. Times are in UTC. TOOK is the time from the start of its first attempt to its end.

A job whose name is that of a subcommand, such as show, comes after "--".

With --json, runs prints one object: the group, and the runs.
docs/jobs.md lists their fields.`,
		Example: `  understudy runs
  understudy runs report --status failed,timed-out --since 24h
  understudy runs show report/2027-03-14T01:30:00Z --output
  understudy runs --status failed --json | jq -r '.runs[].id' | xargs -n 1 understudy runs retry
  understudy runs -- show                 # the runs of a job that is called show`,
		ValidArgsFunction: completeJob(nil),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return oneJob(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			n, err := number.value()
			if err != nil {
				return err
			}
			f := store.Filter{Limit: n}
			if len(args) > 0 {
				f.Job = args[0]
			}
			if c.Flags().Changed("status") {
				if f.States, err = parseStates(o.status); err != nil {
					return err
				}
			}
			var since func(now time.Time) time.Time
			if c.Flags().Changed("since") {
				if since, err = parseSince(o.since); err != nil {
					return err
				}
			}
			defer signals.IgnorePipe()()
			return listRuns(c, f, since, asJSON)
		},
	}
	c.Flags().StringVar(&o.status, "status", "", "only runs with one of these `STATUSES`, separated by commas, such as failed,timed-out")
	c.Flags().StringVar(&o.since, "since", "", "only runs that were made in this `TIME`, such as 2h or 7d, or since an instant, such as 2027-03-14T01:30:00Z")
	number.addTo(c, "show the latest `N` runs")
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	_ = c.RegisterFlagCompletionFunc("status", completeStates)
	_ = c.RegisterFlagCompletionFunc("since", cobra.NoFileCompletions)
	c.AddCommand(newRunsShow(), newRunsCancel(), newRunsRetry())
	return c
}

type runsOptions struct{ status, since string }

// plainState is a state as it is given on the command line.
func plainState(s store.State) string { return strings.ReplaceAll(string(s), " ", "-") }

// parseStates returns the states that a list names.
func parseStates(list string) (states []store.State, err error) {
	for name := range strings.SplitSeq(list, ",") {
		state, err := view.ParseStatus(strings.TrimSpace(name))
		if err != nil {
			return nil, usageError{fmt.Errorf("--%w, or several of them separated by commas", err)}
		}
		if !slices.Contains(states, state) {
			states = append(states, state)
		}
	}
	return states, nil
}

// parseSince returns what a text means: an instant, or a time before now.
func parseSince(text string) (func(now time.Time) time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return func(time.Time) time.Time { return at }, nil
	}
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return nil, usageError{fmt.Errorf("--since %.100q: want a time such as 30m, 2h or 7d, or an instant with its offset such as 2027-03-14T01:30:00Z", text)}
	}
	return func(now time.Time) time.Time { return now.Add(-d) }, nil
}

func listRuns(c *cobra.Command, f store.Filter, since func(now time.Time) time.Time, asJSON bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := openClient(ctx, c, registry.Look)
	if err != nil {
		return err
	}
	defer cl.close()
	page, at, err := cl.viewRuns(ctx, f, since)
	if err != nil {
		return err
	}
	if asJSON {
		return unlessGone(writeJSON(out, page))
	}
	return unlessGone(writeLines(out, showRuns(page.Runs, at, width(out))))
}

// viewRuns reads runs, and what the registry's clock shows. If there are no runs, it says
// why, as far as it knows.
func (cl *client) viewRuns(ctx context.Context, f store.Filter, since func(now time.Time) time.Time) (page view.Runs, at time.Time, err error) {
	defer cl.tellIfSlow()()
	if at, err = cl.now(ctx); err != nil {
		return page, at, err
	}
	if since != nil {
		f.Since = since(at)
	}
	page, err = ask(ctx, cl, func(ctx context.Context, s store.Asking) (view.Runs, error) {
		return view.ReadRuns(ctx, s, cl.conf.Group, f)
	})
	cl.tellMissing(page.Unread)
	if err != nil || len(page.Runs) > 0 || page.Unread != "" {
		return page, at, err
	}
	known, err := cl.allJobs(ctx)
	switch {
	case err != nil:
		return page, at, err
	case f.Job != "" && !slices.ContainsFunc(known, func(j store.Job) bool { return j.Name == f.Job }):
		return page, at, noJob(cl, f.Job, known)
	case len(known) == 0:
		cl.tellNoJobs()
	default:
		cl.tell("there are no such runs")
	}
	return page, at, nil
}
