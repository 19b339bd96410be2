package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"

	_ "time/tzdata" // the image has no time zones, and a machine may have old ones or none
)

// newJobs returns the commands that are about jobs.
func newJobs(code *int) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "jobs",
		Short: "Show the jobs of the group; pause and resume them; check a jobs file",
		Long: `A job is work with an end, such as a nightly report. Jobs shows those of UNDERSTUDY_GROUP:
when each of them is due and next, whether runs of it are going on or wait, how its last
run ended and how long ago, and how many of its last runs in a row ended that way
(STREAK). Below the table it says who paused which job, since when and why. A job is
"gone" if it is not in the file of the active instance any more.

A jobs file says which jobs there are: when each of them is due, by which rules it runs,
and which command it is.

  timezone: Europe/Berlin             # of all jobs; UTC if it is left out
  jobs:
    report:
      command: [./report, --daily]    # a list is executed
      schedule: "30 2 * * *"          # in quotes: minute, hour, day, month, day of the week
      timeout: 20m
      then: [{job: publish}]
    publish:
      command: ./report --print | ./publish    # text is run by /bin/sh -c

docs/jobs.md has all keys.

Ages are measured by the registry's clock, and times are in UTC. On a narrow terminal the
table has fewer columns. With --json, jobs prints one object: the group, and
the jobs. docs/jobs.md lists its fields.`,
		Example: `  understudy jobs
  understudy jobs --json | jq -r '.jobs[] | select(.last.status == "failed") | .job'
  understudy jobs pause report --why "the warehouse is being moved"
  understudy jobs check jobs.yaml
  crontab -l | understudy jobs import - > jobs.yaml`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				hint := suggest(c, args[0])
				if hint == "" {
					hint = "want pause, resume, check or import; the runs of a job are shown by " + c.Root().Name() + " runs JOB"
				}
				return usageError{fmt.Errorf("jobs: unknown command %q: %s", args[0], hint)}
			}
			defer signals.IgnorePipe()()
			return listJobs(c, asJSON)
		},
		SuggestionsMinimumDistance: 2,
	}
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	c.AddCommand(newJobsPause(), newJobsResume(), newJobsCheck(code), newJobsImport())
	return c
}

// oneFile accepts the name of a file, or - for stdin.
func oneFile(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return usageError{fmt.Errorf("%s: want the name of %s, or - for stdin", plainPath(c), what)}
		case len(args) > 1:
			return usageError{fmt.Errorf("%s takes one file, got also %q", plainPath(c), args[1])}
		}
		return nil
	}
}

// completeFile completes the only argument of a command as a file. With extensions, only
// files that have one of them are offered.
func completeFile(extensions ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) > 0:
			return nil, cobra.ShellCompDirectiveNoFileComp
		case len(extensions) > 0:
			return extensions, cobra.ShellCompDirectiveFilterFileExt
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
}
