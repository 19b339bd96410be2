package mongodb

import (
	"context"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/mongobell"
	"github.com/understudy-go/understudy/registry"
)

// Watch implements [registry.Registry]. All watches of a registry share the cursors of
// one bell, see [mongobell].
func (r *Registry) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	if err := r.mayRead(); err != nil {
		return nil, wrap(ctx, "watch", err)
	}
	notices, err := r.bell.Terms(ctx, group)
	return notices, wrap(ctx, "watch", err)
}

// ring announces a change of a group that was acknowledged: of the terms, or of who comes next,
// which is term 0. next is who should act first; uuid.Nil: nobody in particular.
func (r *Registry) ring(group string, term int64, next uuid.UUID) {
	r.bell.Ring(mongobell.Ring{Of: mongobell.Terms, Group: group, Term: term, For: next})
}
