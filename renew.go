package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/reopen"
	"github.com/understudy-go/understudy/registry/mongodb"
)

// renewed is a registry that is opened anew when it refuses the beats of this
// instance: its user, or the password, was changed. A file that holds the URI is
// read again for that. The environment stays as it is, so without such a file
// leave is called once the lease is over: whoever starts this program again may
// give it another.
func renewed(b backend, conf config.Config, log zerolog.Logger, leave func(error)) backend {
	if conf.Registry.Kind != config.MongoDB {
		return b // a file asks nobody for a name
	}
	file := os.Getenv("UNDERSTUDY_REGISTRY_FILE")
	return reopen.New(b, reopen.Config{
		Denied: mongodb.Denied,
		Open:   func(ctx context.Context) (backend, error) { return openAgain(ctx, conf) },
		Lease:  conf.Timing.Lease(),
		OnDenied: func(err error) {
			cure := "without a restart, only the database can mend that: the work stops with its lease, and this process ends with exit code 69; " +
				"of a URI in a file (UNDERSTUDY_REGISTRY_FILE) a change is noticed"
			if file != "" {
				cure = "write the new user or password into the file that UNDERSTUDY_REGISTRY_FILE names: it is read again for a while"
			}
			log.Error().Err(err).Msg("the registry refuses this instance: " + cure)
		},
		OnOpened: func() { log.Info().Msg("registry opened anew") },
		OnFailed: func(err error) { log.Warn().Err(err).Msg("the registry could not be opened anew") },
		OnLost: func(err error) {
			if file == "" {
				leave(unavailableError{fmt.Errorf("the registry refused this instance until its lease was over: %w", err)})
			}
		},
	})
}

// openAgain opens the registry with what the configuration says now. It must be
// the same one: in another, somebody else may be active.
func openAgain(ctx context.Context, before config.Config) (backend, error) {
	now, _, err := config.Load()
	if err != nil {
		return nil, err
	}
	if now.Registry.Kind != before.Registry.Kind || now.Database != before.Database || servers(now.Registry.URI) != servers(before.Registry.URI) {
		return nil, errors.New("the file names another registry by now: restart the instance to use that")
	}
	return mongodb.Open(ctx, now.Registry.URI.Reveal(), mongodb.Options{Database: now.Database})
}

// servers is what of a URI says where the registry is.
func servers(u config.URI) string {
	scheme, rest, _ := strings.Cut(u.String(), "://") // redacted, and so without any other @
	rest, _, _ = strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/")
	return strings.ToLower(scheme + "://" + hosts)
}
