package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/exitcode"
	"github.com/understudy-go/understudy/internal/openregistry"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
)

// statusTerms is how many terms are read with each group.
const statusTerms = 20

func newStatus(code *int) *cobra.Command {
	var asJSON, watch, all, ended bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show which instance is active, which stand by, and whether the group is healthy",
		Long: `Status shows the instances of UNDERSTUDY_GROUP, and the health of the group in one line:
"1 active, 2 passive", or what is wrong. It joins no group and changes nothing.

Ages are measured by the registry's clock, and times are in UTC. An instance whose beat
is late is "silent". After UNDERSTUDY_ORPHAN_AFTER it is an orphan, and a peer takes its
place. An instance that is "holding off" has given its term away, and leaves the next
terms to its peers for a while. An active one that is "stepping down" stops its work, or
lets it finish first. If the registry's clock was set back, the times of
earlier heartbeats prove nothing: then status waits until it sees which instances beat.
The UUID in the last column is what handover --to takes; the log shows its last six
digits.

With --watch, status draws the table again each second until Ctrl-C. If stdout is not a
terminal, it prints a line at the start and then one for each change of the term, of
the active instance, or of how many instances stand by, are silent or hold off. With
--json as well, it prints one object per second, each on a line of its own. While the
registry does not answer, status says so and goes on.

With --json, status prints the group and its latest terms as one object, and with --all
as a list of such objects. While the active instance is silent, "takeover" names the
next one. A group whose work is done with exit code 0 has "done": true and no active
instance.

With --all, groups that are not healthy come first. A group has ended if its latest
term has ended and it has no instance. Such a group does not count, and is shown only
with --ended. On a narrow terminal the table has fewer columns.`,
		Example: `  understudy status
  understudy status --watch
  understudy status --json | jq -r '.instances[] | select(.role == "active") | .host'
  understudy status --group reports >/dev/null || echo "no instance makes the reports"
  understudy status --all`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if all && c.Flags().Changed(groupFlag) {
				return usageError{errors.New("--all and --group: want one of them")}
			}
			if ended && !all {
				return usageError{errors.New("--ended works only together with --all")}
			}
			defer signals.IgnorePipe()()
			if watch {
				return unlessGone(runWatch(c, asJSON, all))
			}
			return unlessGone(runStatus(c, asJSON, all, code))
		},
	}
	addJSONFlag(c, &asJSON)
	c.Flags().BoolVarP(&watch, "watch", "w", false, "refresh every second until Ctrl-C")
	c.Flags().BoolVarP(&all, "all", "a", false, "show every group of the registry")
	c.Flags().BoolVar(&ended, "ended", false, "with --all, also show groups that have ended and have no instance")
	addPlaceFlags(c)
	return c
}

func runStatus(c *cobra.Command, asJSON, all bool, code *int) error {
	ctx, out := c.Context(), c.OutOrStdout()
	cl, err := openClient(ctx, c, registry.Look)
	if err != nil {
		return err
	}
	defer cl.close()
	var s survey
	read := func() (err error) {
		defer cl.tellIfSlow()()
		s, err = cl.survey(ctx, all)
		return err
	}
	err = cl.settle(ctx, read)
	for range 5 { // a second in all: a takeover in order is over by then, and is no reason for an alarm
		if err != nil || !s.takingOver() || openregistry.Pause(ctx) != nil {
			break
		}
		err = read()
	}
	if err != nil {
		return err
	}
	for _, err := range s.unread {
		cl.tell(trouble(err))
	}
	if s.nothing() {
		cl.tell(cl.where())
	}
	if err := s.write(out, asJSON, all); err != nil {
		return err
	}
	if !s.healthy() {
		*code = exitcode.Failure
	}
	return nil
}
