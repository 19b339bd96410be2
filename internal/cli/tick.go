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
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/internal/signals"
	"github.com/understudy-go/understudy/registry"
)

// newTick is the built-in demo work. An active instance that was given no command runs
// this program as its command, under the guard like any other.
func newTick() *cobra.Command {
	return &cobra.Command{
		Use:    "tick",
		Short:  "The built-in demo work: log a tick each second, with the term",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), signals.ToStop()...)
			defer stop()
			term, _ := strconv.ParseInt(os.Getenv(config.EnvTerm), 10, 64)
			log := logging.New(c.ErrOrStderr(), os.Getenv(config.EnvLogLevel), config.LogFormat(os.Getenv(config.EnvLogFormat)))
			author := logging.Author{
				Instance: os.Getenv(config.EnvInstance), Group: os.Getenv(config.EnvGroup), Role: registry.Active, Term: term,
			}
			tick(ctx, log.With().EmbedObject(author).Logger(), term)
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
