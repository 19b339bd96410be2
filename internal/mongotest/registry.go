package mongotest

import (
	"context"
	"errors"
	"time"

	"github.com/understudy-go/understudy/registry/mongodb"
)

// OpenRegistry opens the registry at a URI. For a minute it tries again while the
// server does not answer, because the disk of the machine may stand still.
func OpenRegistry(ctx context.Context, uri string) (*mongodb.Registry, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		r, err := mongodb.Open(ctx, uri, mongodb.Options{})
		if !errors.Is(err, mongodb.ErrUnreachable) || ctx.Err() != nil {
			return r, err
		}
	}
}
