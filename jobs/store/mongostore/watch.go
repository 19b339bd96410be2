package mongostore

import (
	"context"

	"github.com/understudy-go/understudy/internal/mongobell"
)

// Watch implements [store.Asking]. It shares the cursors of the registry's bell.
func (s *Store) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	if err := s.r.MayRead(); err != nil {
		return nil, wrap(ctx, "watch jobs", err)
	}
	changes, err := s.r.Bell.Jobs(ctx, group)
	return changes, wrap(ctx, "watch jobs", err)
}

// ring announces a change that somebody else than a holder made, after it was acknowledged.
func (s *Store) ring(group string) {
	s.r.Bell.Ring(mongobell.Ring{Of: mongobell.Jobs, Group: group})
}
