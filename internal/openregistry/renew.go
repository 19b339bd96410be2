package openregistry

import (
	"context"
	"errors"
	"os"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/reopen"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// Renewing returns a registry that is opened again when it refuses the beats of this
// instance, because its user or its password was changed. For that the configuration
// is read again, and with it the file that holds the URI, if there is one.
func Renewing(b store.Backend, conf config.Config, log zerolog.Logger) store.Backend {
	if conf.Registry.Kind != config.MongoDB {
		return b // a file knows no users
	}
	cure := "restore the rights of its user, or restart it with another; a change is noticed if the URI is in a file (UNDERSTUDY_REGISTRY_FILE)"
	if os.Getenv(config.EnvRegistryFile) != "" {
		cure = "write the new user or password into the file that UNDERSTUDY_REGISTRY_FILE names, which is read again, or restore the rights of its user"
	}
	return reopen.New(b, reopen.Config{
		Denied: mongodb.Denied,
		Open:   func(ctx context.Context) (store.Backend, error) { return openAgain(ctx, conf, log) },
		Lease:  conf.Timing.Lease(),
		OnDenied: func(err error) {
			log.Error().Err(err).Msg("the registry refuses this instance, which ends with its lease (exit code 69): " + cure)
		},
		OnOpened: func() { log.Info().Msg("registry opened again") },
		OnFailed: func(err error) { log.Warn().Err(err).Msg("the registry could not be opened again") },
	})
}

// openAgain opens the registry with what the configuration says now. It has to be the
// same registry, because in another one another instance may be active.
func openAgain(ctx context.Context, before config.Config, log zerolog.Logger) (store.Backend, error) {
	now, _, err := config.Load()
	if err != nil {
		return nil, err
	}
	if now.Registry.Kind != before.Registry.Kind || now.Database != before.Database || now.Registry.URI.Servers() != before.Registry.URI.Servers() {
		return nil, errors.New("the file names another registry by now: restart the instance to use that")
	}
	return mongodb.Open(ctx, now.Registry.URI.Reveal(), mongodb.Options{
		Database: now.Database, Say: func(text string) { log.Warn().Msg(text) },
	})
}
