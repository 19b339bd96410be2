package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/status"
)

// maxInstants is the most instants of each job that jobs check shows.
const maxInstants = 100

func newJobsCheck(code *int) *cobra.Command {
	var asJSON bool
	var from string
	number := count{given: "5", most: maxInstants, of: "instants"}
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a jobs file, and show when its jobs are due",
		Long: `Jobs check reads a jobs file, or stdin if FILE is "-". If something is wrong with it,
jobs check prints all problems, each with its line, its column and what would be right,
and exits with 78. Otherwise it prints when each job is due next: in the time zone of the
job, with the offset from UTC, and then in UTC.

It needs no registry. An H in a schedule stands for a value that depends on the names of
the group and of the job, so the group matters: UNDERSTUDY_GROUP or --group.

With --json, jobs check prints one object, whether the file is right or not: the result
(ok), the problems with their file, line, column, text and source, the group, the instant
from which it looked (from), and the jobs. Each job has its name, enabled, timezone,
schedules, at, and next: a list of instants, each as local and as utc, both in the format
of RFC 3339.`,
		Example: `  understudy jobs check jobs.yaml
  understudy jobs check jobs.yaml --from 2027-03-28T00:00:00+01:00 -n 3
  understudy jobs check jobs.yaml --json | jq -r '.jobs[] | [.name, .next[0].utc] | @tsv'`,
		Args:              oneFile("a jobs file"),
		ValidArgsFunction: completeFile("yaml", "yml"),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := number.value()
			if err != nil {
				return err
			}
			at := time.Now().Truncate(time.Second)
			if c.Flags().Changed("from") {
				if at, err = parseInstant("from", from); err != nil {
					return err
				}
			}
			defer signals.IgnorePipe()()
			return jobsCheck(c, args[0], at.UTC(), n, asJSON, code)
		},
	}
	c.Flags().StringVar(&from, "from", "", "begin at `TIME`, such as 2027-03-28T00:00:00+01:00 (default: now)")
	number.addTo(c, "show the next `N` instants of each job")
	addJSONFlag(c, &asJSON)
	addGroupFlag(c)
	_ = c.RegisterFlagCompletionFunc("from", cobra.NoFileCompletions)
	return c
}

// jobsResult is what jobs check found.
type jobsResult struct {
	OK       bool             `json:"ok"`
	Problems jobfile.Problems `json:"problems"`
	Group    string           `json:"group"`
	From     string           `json:"from"`
	Jobs     []jobResult      `json:"jobs"`
}

// jobResult is a job of a file that is right.
type jobResult struct {
	Name      string       `json:"name"`
	Enabled   bool         `json:"enabled"`
	Timezone  string       `json:"timezone"`
	Schedules []string     `json:"schedules"`
	At        string       `json:"at,omitempty"`
	Next      []slotResult `json:"next"` // empty if the job is not enabled or is not due any more
}

// slotResult is an instant at which a job is due.
type slotResult struct {
	Local string `json:"local"`
	UTC   string `json:"utc"`

	at time.Time // in the zone of the job
}

func jobsCheck(c *cobra.Command, name string, from time.Time, n int, asJSON bool, code *int) error {
	group, stopGrace, err := config.LoadForJobs(givenFlags(c))
	if err != nil {
		return err
	}
	file, err := readJobs(c, name, jobs.Limits{StopGrace: stopGrace})
	problems, wrong := errors.AsType[jobfile.Problems](err)
	switch {
	case wrong && asJSON:
		*code = exitcode.Config
	case err != nil:
		return err
	}
	r := jobsResult{
		OK: !wrong, Problems: append(jobfile.Problems{}, problems...),
		Group: group, From: from.Format(time.RFC3339), Jobs: []jobResult{},
	}
	for _, j := range file.Jobs {
		job, err := due(j.Definition, group, from, n)
		if err != nil {
			return err
		}
		r.Jobs = append(r.Jobs, job)
	}
	if asJSON {
		return unlessGone(writeJSON(c.OutOrStdout(), r))
	}
	if len(r.Jobs) == 0 {
		fmt.Fprintln(c.ErrOrStderr(), "understudy: there are no jobs in it")
	}
	return unlessGone(r.write(c.OutOrStdout()))
}

// readJobs reads a jobs file, or stdin.
func readJobs(c *cobra.Command, name string, limits jobs.Limits) (jobfile.File, error) {
	if name == "-" {
		return jobfile.ReadFrom("stdin", c.InOrStdin(), limits)
	}
	return jobfile.Read(name, limits)
}

// due returns a job with the next n instants at which it is due, the first one at an
// instant or later.
func due(d jobs.Definition, group string, from time.Time, n int) (jobResult, error) {
	r := jobResult{
		Name: d.Name, Enabled: !d.Disabled, Timezone: d.Zone, Schedules: append([]string{}, d.Schedules...), Next: []slotResult{},
	}
	if !d.At.IsZero() {
		r.At = d.At.Format(time.RFC3339)
	}
	table, err := d.Timetable(group)
	if err != nil {
		return r, err
	}
	zone := table.Zone()
	if len(d.Schedules) == 0 && !d.At.IsZero() {
		zone = d.At.Location()
	}
	r.Timezone = table.Zone().String()
	at := from.Add(-1)
	for r.Enabled && len(r.Next) < n {
		if at = table.Next(at); at.IsZero() {
			break
		}
		local := at.In(zone)
		r.Next = append(r.Next, slotResult{Local: local.Format(time.RFC3339), UTC: at.Format(time.RFC3339), at: local})
	}
	return r, nil
}

// write writes the jobs for people.
func (r jobsResult) write(out io.Writer) error {
	b := bufio.NewWriter(out)
	for _, j := range r.Jobs {
		when := "triggered only"
		switch {
		case len(j.Schedules) > 0:
			when = strings.Join(j.Schedules, ", ") + " in " + j.Timezone
		case j.At != "":
			when = "once"
		}
		fmt.Fprintf(b, "%s: %s\n", j.Name, status.Escape(when))
		for _, s := range j.Next {
			fmt.Fprintf(b, "  %s   %s\n", s.at.Format("Mon 2006-01-02 15:04:05 -07:00"), s.UTC)
		}
		switch {
		case !j.Enabled:
			fmt.Fprintln(b, "  not enabled")
		case j.At != "" && len(j.Next) == 0:
			fmt.Fprintf(b, "  its instant %s has passed\n", j.At)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}
