package mongostore

import (
	"context"

	"github.com/understudy-go/understudy/registry"
)

// Watch implements [store.Asking].
func (s *Store) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	return nil, wrap(ctx, "watch", registry.ErrNoWatch)
}
