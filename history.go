package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// maxHistory is the most terms that history shows.
const maxHistory = 1000

func newHistory() *cobra.Command {
	var asJSON bool
	var n int
	c := &cobra.Command{
		Use:   "history",
		Short: "Show who was active, from when to when, and why it ended",
		Long: `History shows the latest terms of UNDERSTUDY_GROUP, newest first, with times in
UTC. A term is one instance's time as the active one. Each line shows who held it,
for how long, and why it ended:

  stopped            its instance was told to stop
  handed over        somebody asked for it
  lease lost         its instance could not reach the registry in time
  orphaned           its instance fell silent, and a peer went on
  registration gone  its instance found itself deleted
  work failed        it failed again and again, so a peer tries
  work done          it is done for the whole group

The gap is the time from its end to the beginning of the next term, in which nobody
was active. It is unknown where nobody saw when the work ended: after a crash or an
outage of the registry the end is written down once the work is long gone, and the
length, shown with a ≤, is the most that it may have been.

With --json it prints a list of objects; one whose gap is unknown has no gapSeconds,
nor has the latest.`,
		Example: `  understudy history
  understudy history -n 100 --json |
    jq -c '.[1:][] | select(.gapSeconds == null or .gapSeconds > 10)'`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if n < 1 || n > maxHistory {
				return usageError{fmt.Errorf("-n %d: want a number of terms from 1 to %d", n, maxHistory)}
			}
			defer catchPipe()()
			return unlessGone(runHistory(c, n, asJSON))
		},
	}
	c.Flags().IntVarP(&n, "number", "n", 20, fmt.Sprintf("show the latest `N` terms, up to %d", maxHistory))
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = c.RegisterFlagCompletionFunc("number", cobra.NoFileCompletions)
	return c
}

func runHistory(c *cobra.Command, n int, asJSON bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	l, err := newLooker(c)
	if err != nil {
		return err
	}
	if err := l.open(ctx, openToLook); err != nil {
		return err
	}
	defer l.close()
	over := l.slowly()
	g, err := l.look(ctx, l.conf.Group, n)
	over()
	if err != nil {
		return err
	}
	if len(g.Terms) == 0 {
		l.say(fmt.Sprintf("group %s never had a term", g.Name))
		l.say(l.where())
	}
	if asJSON {
		text, err := encode(g.Terms, true)
		if err != nil {
			return err
		}
		return write(out, text)
	}
	return writeLines(out, showTerms(g))
}

// showTerms is a table of terms, if there are any.
func showTerms(g status.Group) []terminal.Line {
	if len(g.Terms) == 0 {
		return nil
	}
	rows := [][]terminal.Span{heading("TERM", "HOLDER", "FROM (UTC)", "TO (UTC)", "LENGTH", "ENDED", "GAP")}
	for i, t := range g.Terms {
		rows = append(rows, showTerm(t, i == 0, g.At))
	}
	return terminal.Table(rows, 0)
}

func showTerm(t status.Term, latest bool, at time.Time) []terminal.Span {
	open := t.To.IsZero() && latest
	to, length, ended, gap := status.Instant(t.To, at), t.Length.String(), string(t.Reason), "–"
	switch {
	case open:
		to, ended = "now", "–"
	case t.Reason == "":
		ended = "unknown"
	case t.Reason == registry.WorkDone:
		ended = fmt.Sprintf("%s, exit code %d", t.Reason, t.ExitCode)
	}
	switch {
	case t.Gap != nil:
		gap = t.Gap.String()
	case !latest:
		length, gap = "≤ "+length, "unknown"
	}
	style := terminal.Normal
	if open {
		style = terminal.Good
	}
	return []terminal.Span{
		style.Of(strconv.FormatInt(t.Number, 10)), style.Of(status.Name(shorten(t.Host, 40), t.Holder)), terminal.Text(status.Instant(t.From, at)),
		terminal.Text(to), terminal.Text(length), terminal.Text(shorten(ended, 40)), terminal.Text(gap),
	}
}
