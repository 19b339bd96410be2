package mongotest

import (
	"context"
	"errors"

	"github.com/understudy-go/understudy/registry/mongodb"
)

// OpenRegistry opens the registry at a URI. While the server does not answer, it tries
// again for three minutes, because the disk of the machine may stand still.
func OpenRegistry(ctx context.Context, uri string) (*mongodb.Registry, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		r, err := mongodb.Open(ctx, uri, mongodb.Options{})
		if !errors.Is(err, mongodb.ErrUnreachable) || ctx.Err() != nil {
			return r, err
		}
	}
}
