package mongodb

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/internal/mongowatch"
)

// Watch implements [registry.Registry]. All watches of a registry share one change
// stream, and thus one connection.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	if err := r.mayRead(); err != nil {
		return nil, wrap(ctx, "watch", err)
	}
	changes, err := r.watches.Watch(ctx, group)
	return changes, wrap(ctx, "watch", err)
}

// changes is the stream of the terms.
func (r *Registry) changes() mongowatch.Source {
	return mongowatch.Source{
		Of: r.terms, Hello: r.hello,
		Every: 50 * time.Millisecond, // each notice costs its receiver a view
		Spawn: r.spawn, Closing: r.closing,
	}
}
