package cli

import (
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/instance"
	"github.com/understudy-go/understudy/internal/signals"
)

// runInstance joins the group and runs the command while active. It returns the errors
// that come before the instance has a log. Those that come later are in the log, and
// only set the exit code.
func runInstance(c *cobra.Command, args []string, code *int) error {
	caught := signals.Catch() // first of all, so that from here on no signal ends this process as it stands
	conf, warnings, err := loadConfig(c)
	if err != nil {
		return err
	}
	plan, err := instance.NewPlan(conf, c.Root().Version, args)
	if err != nil {
		return err
	}
	*code = exitCodeOf(plan.Run(c.Context(), caught, c.ErrOrStderr(), warnWithoutLastWill(warnings)))
	return nil
}
