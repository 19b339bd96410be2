package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	_ "time/tzdata" // the image has no time zones, and a machine may have old ones or none
)

// newJobs returns the commands that are about jobs.
func newJobs(code *int) *cobra.Command {
	c := &cobra.Command{
		Use:   "jobs",
		Short: "Check a jobs file, or make one from a crontab",
		Long: `A job is work with an end, such as a nightly report. A jobs file says which jobs there
are: when each of them is due, by which rules it runs, and which command it is.

  timezone: Europe/Berlin             # of all jobs; UTC if it is left out
  jobs:
    report:
      command: [./report, --daily]    # a list is executed
      schedule: "30 2 * * *"          # in quotes: minute, hour, day, month, day of the week
      timeout: 20m
      then: [{job: publish}]
    publish:
      command: ./report --print | ./publish    # text is run by /bin/sh -c

docs/jobs.md has all keys. These commands need no registry.`,
		Example: `  understudy jobs check jobs.yaml
  crontab -l | understudy jobs import - > jobs.yaml`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("jobs: want check or import, got nothing")}
			}
			hint := suggest(c, args[0])
			if hint == "" {
				hint = "want check or import"
			}
			return usageError{fmt.Errorf("jobs: unknown command %q: %s", args[0], hint)}
		},
		SuggestionsMinimumDistance: 2,
	}
	c.AddCommand(newJobsCheck(code), newJobsImport())
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
