// Package openregistry opens the registry that the configuration names.
//
// It knows the backends: MongoDB and the SQLite file. Everybody else works with what
// it returns, a [store.Backend]. It tries until the configured time is over, says
// so if that takes long, and opens the registry of an instance again when its user or
// its password is changed.
package openregistry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/internal/logging"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
)

// MaxWait is how long at most the registry is tried where a person waits for it. An
// instance tries for the whole configured time.
const MaxWait = 10 * time.Second

// UnavailableError says that the registry could not be opened, or does not answer.
type UnavailableError struct{ Err error }

func (e UnavailableError) Error() string { return e.Err.Error() }
func (e UnavailableError) Unwrap() error { return e.Err }

// Open opens the registry for what access says. Only [registry.Join] creates what is
// missing. Open tries until the time of the configuration is over, at most MaxWait for
// people, and calls say if connecting takes long, and later if changes cannot be announced. The error is an [UnavailableError].
func Open(ctx context.Context, c config.Config, access registry.Access, say func(text string)) (store.Backend, error) {
	limit, late := c.ConnectTimeout, fmt.Errorf("no answer within %v (%s)", c.ConnectTimeout, config.EnvConnectTimeout)
	if access != registry.Join && limit > MaxWait {
		limit, late = MaxWait, fmt.Errorf("no answer within %v", MaxWait)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	defer logging.Slow(say, "connecting to "+c.Registry.String())()
	b, err := open(ctx, c, access, say)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if err != nil {
		return nil, UnavailableError{err}
	}
	return b, nil
}

func open(ctx context.Context, c config.Config, access registry.Access, say func(text string)) (store.Backend, error) {
	if c.Registry.Kind == config.SQLite {
		return sqlite.Open(ctx, c.Registry.Path, sqlite.Options{
			OrphanAfter: c.Timing.OrphanAfter, Access: access, MakeDirectory: c.Registry.Implicit,
		})
	}
	for {
		b, err := mongodb.Open(ctx, c.Registry.URI.Reveal(), mongodb.Options{Database: c.Database, Access: access, Say: say})
		if !errors.Is(err, mongodb.ErrUnreachable) || Pause(ctx) != nil {
			return b, err
		}
	}
}

// Close closes a registry that nobody uses any more. It waits two seconds at most.
func Close(b store.Backend) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = b.Close(ctx)
}

// Pause waits a moment before something is asked of a registry again, so that what
// fails at once is not repeated in a busy loop.
func Pause(ctx context.Context) error {
	select {
	case <-time.After(200*time.Millisecond + rand.N(100*time.Millisecond)):
	case <-ctx.Done():
	}
	return ctx.Err()
}
