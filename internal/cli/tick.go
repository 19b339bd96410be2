package cli

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
)

// newTick is the built-in work: without a command to run, an active instance
// runs this, under the guard like any other.
func newTick() *cobra.Command {
	return &cobra.Command{
		Use:    "tick",
		Short:  "The built-in demo work: log a tick each second, with the term",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), orders()...)
			defer stop()
			term, _ := strconv.ParseInt(os.Getenv(config.EnvTerm), 10, 64)
			log := newLogger(config.Config{
				LogLevel:  os.Getenv(config.EnvLogLevel),
				LogFormat: config.LogFormat(os.Getenv(config.EnvLogFormat)),
			}, c.ErrOrStderr())
			who := author{os.Getenv(config.EnvInstance), os.Getenv(config.EnvGroup), registry.Active, term}
			tick(ctx, log.With().EmbedObject(who).Logger(), term)
			return nil
		},
	}
}

func tick(ctx context.Context, log zerolog.Logger, term int64) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for n := 1; ; n++ {
		log.Info().Int("tick", n).Msgf("tick %d of term %d", n, term)
		select {
		case <-every.C:
		case <-ctx.Done():
			log.Info().Int("ticks", n).Msg("told to stop: done with the ticks")
			return
		}
	}
}
