package testkit

import (
	"context"
	"errors"
	"time"

	"github.com/understudy-go/understudy/registry/mongodb"
)

// OpenMongoDB opens a registry. For a minute it tries again while the server does
// not answer, because the disk of the machine may stand still.
func OpenMongoDB(ctx context.Context, uri string) (*mongodb.Registry, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		r, err := mongodb.Open(ctx, uri, mongodb.Options{})
		if !errors.Is(err, mongodb.ErrUnreachable) || ctx.Err() != nil {
			return r, err
		}
	}
}
