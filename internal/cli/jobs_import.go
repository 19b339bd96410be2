package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/crontab"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/jobs/jobfile"
	"github.com/understudy-go/understudy/status"
)

func newJobsImport() *cobra.Command {
	var system bool
	c := &cobra.Command{
		Use:   "import CRONTAB",
		Short: "Print a jobs file that does the same as a crontab",
		Long: `Jobs import reads a crontab, or stdin if CRONTAB is "-", and prints a jobs file that
does the same. Comments stay before the job that follows them. Each job is named after
its program.

What a jobs file cannot say, such as @reboot and MAILTO, is a comment at its place, which
begins with NOT IMPORTED or NOTE, and a line on stderr. "understudy jobs check" accepts
the result as it is.

A crontab of the system has the name of a user before each command. /etc/crontab and the
files of /etc/cron.d are read so, and any other file with --system.

The times of a crontab are in the time zone of its machine. Jobs import writes that of
this machine into the jobs file, so run it where cron runs.`,
		Example: `  crontab -l | understudy jobs import - > jobs.yaml
  understudy jobs import /etc/crontab`,
		Args:              oneFile("a crontab"),
		ValidArgsFunction: completeFile(),
		RunE: func(c *cobra.Command, args []string) error {
			defer signals.IgnorePipe()()
			return jobsImport(c, args[0], system)
		},
	}
	c.Flags().BoolVar(&system, "system", false, "there is the name of a user before each command")
	return c
}

func jobsImport(c *cobra.Command, name string, system bool) error {
	in, shown := c.InOrStdin(), "stdin"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return jobfile.Unreadable(name, err)
		}
		defer f.Close()
		in, shown = f, name
		if path, err := filepath.Abs(name); err == nil {
			system = system || path == "/etc/crontab" || filepath.Dir(path) == "/etc/cron.d"
		}
	}
	text, err := io.ReadAll(io.LimitReader(in, crontab.MaxSize+1))
	if err != nil {
		return jobfile.Unreadable(name, err)
	}
	file, remarks, err := crontab.Import(text, crontab.Options{System: system, Zone: crontab.LocalZone()})
	if err != nil {
		return jobfile.Problems{{File: shown, Text: err.Error()}}
	}
	for _, r := range remarks {
		place := shown
		if r.Line > 0 {
			place = fmt.Sprintf("%s:%d", shown, r.Line)
		}
		fmt.Fprintf(c.ErrOrStderr(), "understudy: %s: %s\n", status.Visible(place), status.Escape(r.Text))
	}
	return unlessGone(write(c.OutOrStdout(), file))
}
