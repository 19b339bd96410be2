package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/understudy-go/understudy/config"
	"github.com/understudy-go/understudy/registry"
	"github.com/understudy-go/understudy/registry/mongodb"
	"github.com/understudy-go/understudy/registry/sqlite"
)

type backend = registry.Backend

// openRegistry opens the registry for an instance, which makes what is missing.
func openRegistry(ctx context.Context, c config.Config, say func(string)) (backend, error) {
	return open(ctx, c, say, registry.Join)
}

// openToLook opens the registry for people who look: nothing is made, and the
// right to read is enough.
func openToLook(ctx context.Context, c config.Config, say func(string)) (backend, error) {
	return open(ctx, c, say, registry.Look)
}

// openToAsk opens the registry for people who ask something of an instance:
// nothing is made.
func openToAsk(ctx context.Context, c config.Config, say func(string)) (backend, error) {
	return open(ctx, c, say, registry.Ask)
}

// connectToLook is how long those who look try to connect: somebody waits.
const connectToLook = 10 * time.Second

// open connects within the configured time, and says so if it takes long.
func open(ctx context.Context, c config.Config, say func(string), a registry.Access) (backend, error) {
	limit, late := c.ConnectTimeout, fmt.Errorf("no answer within %v (UNDERSTUDY_CONNECT_TIMEOUT)", c.ConnectTimeout)
	if a != registry.Join && limit > connectToLook {
		limit, late = connectToLook, fmt.Errorf("no answer within %v", connectToLook)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	defer slow(say, "connecting to "+c.Registry.String())()
	var (
		b   backend
		err error
	)
	switch c.Registry.Kind {
	case config.SQLite:
		b, err = sqlite.Open(ctx, c.Registry.Path, sqlite.Options{
			OrphanAfter: c.Timing.OrphanAfter, Access: a, MakeDirectory: c.Registry.Implicit,
		})
	default:
		for {
			b, err = mongodb.Open(ctx, c.Registry.URI.Reveal(), mongodb.Options{Database: c.Database, Access: a})
			if !errors.Is(err, mongodb.ErrUnreachable) || pause(ctx) != nil {
				break
			}
		}
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if err != nil {
		return nil, unavailableError{err}
	}
	return b, nil
}

// closeSoon closes a registry that nobody uses any more.
func closeSoon(reg registry.Registry) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = reg.Close(ctx)
}

// pause keeps what fails at once from being tried again at once.
func pause(ctx context.Context) error {
	select {
	case <-time.After(200*time.Millisecond + rand.N(100*time.Millisecond)):
	case <-ctx.Done():
	}
	return ctx.Err()
}
