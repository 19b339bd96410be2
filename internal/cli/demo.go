package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/internal/demo"
	"github.com/understudy-go/understudy/internal/signals"
)

func newDemo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show two takeovers within 15 seconds: three processes, one is killed, one is stopped",
		Long: `Demo starts three instances as real processes on a throw-away registry, kills the
active one with SIGKILL, stops the next one with SIGTERM, and shows who takes over
and how long that took. It uses short timings and leaves nothing behind.`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), append(signals.ToStop(), syscall.SIGPIPE)...)
			defer stop()
			err := demo.Run(ctx, c.OutOrStdout())
			if errors.Is(err, context.Canceled) {
				fmt.Fprintln(c.OutOrStdout(), "\nInterrupted: the instances are stopped, the registry is removed.")
				return nil
			}
			return err
		},
	}
}
