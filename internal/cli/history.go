package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/internal/terminal"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/status"
)

// maxHistory is the most terms that history shows.
const maxHistory = 1000

func newHistory() *cobra.Command {
	var asJSON bool
	number := count{given: "20", most: maxHistory, of: "terms"}
	c := &cobra.Command{
		Use:   "history",
		Short: "Show who was active, from when to when, and why it ended",
		Long: `History shows the latest terms of UNDERSTUDY_GROUP, newest first, with times in
UTC. A term is one instance's time as the active one. Each line shows who held it,
for how long, and why it ended:

  stopped            its instance was told to stop
  handed over        somebody asked for another instance
  lease lost         its instance could not reach the registry in time
  orphaned           its instance fell silent, and a peer took over
  crashed            its instance was killed, and its guard ended the term
  registration gone  the registration of its instance was deleted
  work failed        the work failed again and again, so that a peer should try
  not ready          its passive side did not stop, so the work never began
  work done          the work is done for the whole group

The gap is the time from the end of a term to the beginning of the next one. In that
time no instance was active. After a crash or an outage of the registry nobody knows
when the work ended, because the end of the term was recorded later. Then the length
has a ≤: the work may have ended sooner. The gap has a ≤ if the peer that took over
knew how long the holder of the term had been silent; otherwise it is unknown. If a
term cannot be read, a line on stderr says so.

With --json, history prints a list of objects. If the gap after a term is not known
exactly, the term has lengthAtMost instead of gapSeconds. It also has gapAtMostSeconds
if the gap has a bound. The latest term has none of these.`,
		Example: `  understudy history
  understudy history -n 100 --json |
    jq -c '.[1:][] | select((.gapSeconds // .gapAtMostSeconds // infinite) > 10)'`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			n, err := number.value()
			if err != nil {
				return err
			}
			defer signals.IgnorePipe()()
			return unlessGone(runHistory(c, n, asJSON))
		},
	}
	number.addTo(c, "show the latest `N` terms")
	addJSONFlag(c, &asJSON)
	addPlaceFlags(c)
	return c
}

func runHistory(c *cobra.Command, n int, asJSON bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := openClient(ctx, c, registry.Look)
	if err != nil {
		return err
	}
	defer cl.close()
	return cl.history(ctx, out, n, asJSON)
}

func (cl *client) history(ctx context.Context, out io.Writer, n int, asJSON bool) error {
	over := cl.tellIfSlow()
	var at time.Time
	terms, err := call(ctx, cl, func(ctx context.Context) (list []status.Term, err error) {
		list, at, err = status.History(ctx, cl.admin, cl.conf.Group, n)
		return list, err
	})
	over()
	switch {
	case err != nil && len(terms) == 0:
		return err
	case err != nil:
		cl.tell("a record cannot be read: " + trouble(err))
	case len(terms) == 0:
		cl.tell(fmt.Sprintf("group %s never had a term", cl.conf.Group))
		cl.tell(cl.where())
	}
	if asJSON {
		return writeJSON(out, terms)
	}
	return writeLines(out, showTerms(terms, at, width(out)))
}

// showTerms returns a table of terms. It shows less if there are too few columns; 0 is
// no limit. Without terms there is no table.
func showTerms(terms []status.Term, at time.Time, columns int) (lines []terminal.Line) {
	if len(terms) == 0 {
		return nil
	}
	var hosts []string
	for _, t := range terms {
		hosts = append(hosts, t.Host)
	}
	short := withoutDomain(hosts)
	for _, l := range []struct {
		host  int
		brief bool // without the end, which the length tells, without the seconds of another day, and without a domain that all hosts have
	}{{40, false}, {24, false}, {24, true}, {16, true}, {8, true}} {
		rows := [][]terminal.Span{heading("TERM", "HOLDER", "FROM (UTC)", "TO (UTC)", "LENGTH", "ENDED", "GAP")}
		for i, t := range terms {
			if l.brief {
				t.Host = short(t.Host)
			}
			t.Host = shorten(t.Host, l.host)
			row := showTerm(t, i == 0, at)
			if from := &row[2].Text; l.brief && len(*from) == len(time.DateTime) {
				*from = (*from)[:len("2006-01-02 15:04")]
			}
			rows = append(rows, row)
		}
		for i := range rows {
			if l.brief {
				rows[i] = slices.Delete(rows[i], 3, 4)
			}
		}
		if lines = terminal.Table(rows, 0); fits(lines, columns) {
			break
		}
	}
	return lines
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
	case t.AtMost:
		length, gap = "≤ "+length, "unknown"
	}
	if t.GapAtMost != nil {
		gap = "≤ " + t.GapAtMost.String()
	}
	style := terminal.Normal
	if open {
		style = terminal.Good
	}
	return []terminal.Span{
		style.Of(strconv.FormatInt(t.Number, 10)), style.Of(status.Name(t.Host, t.Holder)), terminal.Text(status.Instant(t.From, at)),
		terminal.Text(to), terminal.Text(length), terminal.Text(shorten(ended, 40)), terminal.Text(gap),
	}
}
