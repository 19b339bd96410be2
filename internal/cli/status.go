package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
)

// pictureTerms is how many terms come with a picture.
const pictureTerms = 20

func newStatus(code *int) *cobra.Command {
	var asJSON, watch, all, ended bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show who is active, who stands by, and whether that is well",
		Long: `Status shows the instances of UNDERSTUDY_GROUP, and the group's health in a line:
"1 active, 2 passive", or what is wrong. It joins nothing and changes nothing.

Ages are by the registry's clock, and times are in UTC. An instance whose beat is
overdue is "silent"; once it has been silent for UNDERSTUDY_ORPHAN_AFTER it is an
orphan, and a peer replaces it. A heartbeat that is ahead of the registry's clock,
which was set back, proves nothing: then status looks again for as long as those
take to beat who live. One that is "holding off" gave its term away and does not
compete for now. The UUID in the last column is what handover --to takes;
the log shows its last six digits.

With --watch, the picture is drawn anew each second until Ctrl-C. Where stdout is
not a terminal, it prints a line at the start and then one per change: of the term,
of who is active, of how many stand by, are silent or hold off. With --json it
prints one object per second, each on its own line. While the registry does not
answer, it says so and goes on.

With --json, status prints the picture with its latest terms as an object, and with
--all as a list of them. While the active one is silent, "takeover" says who goes
on. A group whose work is done with exit code 0 has no active one, and says
"done": true.

With --all, groups that are not well come first. A group whose latest term has ended
and that has no instance is over: it does not count, and is shown with --ended only.
A terminal that is too narrow for the table gets fewer columns.`,
		Example: `  understudy status
  understudy status --watch
  understudy status --json | jq -r '.instances[] | select(.role == "active") | .host'
  understudy status --group reports >/dev/null || echo "nobody makes the reports"
  understudy status --all`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if all && c.Flags().Changed(groupFlag) {
				return usageError{errors.New("--all and --group: want one of them")}
			}
			if ended && !all {
				return usageError{errors.New("--ended is about groups: want --all with it")}
			}
			defer signals.IgnorePipe()()
			if watch {
				return unlessGone(runWatch(c, asJSON, all))
			}
			return unlessGone(runStatus(c, asJSON, all, code))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVarP(&watch, "watch", "w", false, "refresh every second until Ctrl-C")
	c.Flags().BoolVarP(&all, "all", "a", false, "show every group of the registry")
	c.Flags().BoolVar(&ended, "ended", false, "with --all, also show groups that have ended and have no instance")
	addWhere(c)
	return c
}

func runStatus(c *cobra.Command, asJSON, all bool, code *int) error {
	ctx, out := c.Context(), c.OutOrStdout()
	l, err := newLooker(c)
	if err != nil {
		return err
	}
	if err := l.open(ctx, registry.Look); err != nil {
		return err
	}
	defer l.close()
	var s survey
	survey := func() (err error) {
		defer l.slowly()()
		s, err = l.survey(ctx, all)
		return err
	}
	err = l.settle(ctx, survey)
	for range 5 { // for a second: who asks by chance within a takeover is not to be alarmed
		if err != nil || !s.takingOver() || openregistry.Pause(ctx) != nil {
			break
		}
		err = survey()
	}
	if err != nil {
		return err
	}
	for _, err := range s.unread {
		l.say(trouble(err))
	}
	if s.nothing() {
		l.say(l.where())
	}
	if err := s.write(out, asJSON, all); err != nil {
		return err
	}
	if !s.healthy() {
		*code = exitcode.Failure
	}
	return nil
}
