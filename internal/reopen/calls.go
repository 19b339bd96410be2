package reopen

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

type none = struct{}

// Unregister implements [registry.Registry].
func (r *Registry) Unregister(ctx context.Context, id uuid.UUID) error {
	_, err := through(r, func(b store.Backend) (none, error) { return none{}, b.Unregister(ctx, id) })
	return err
}

// View implements [registry.Registry].
func (r *Registry) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	return through(r, func(b store.Backend) (registry.View, error) { return b.View(ctx, group, except...) })
}

// DeleteOrphan implements [registry.Registry].
func (r *Registry) DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (bool, error) {
	return through(r, func(b store.Backend) (bool, error) { return b.DeleteOrphan(ctx, id, beat) })
}

// BeginTerm implements [registry.Registry].
func (r *Registry) BeginTerm(ctx context.Context, t registry.Term) error {
	_, err := through(r, func(b store.Backend) (none, error) { return none{}, b.BeginTerm(ctx, t) })
	return err
}

// Mark implements [registry.Registry].
func (r *Registry) Mark(ctx context.Context, id uuid.UUID, term int64) error {
	_, err := through(r, func(b store.Backend) (none, error) { return none{}, b.Mark(ctx, id, term) })
	return err
}

// EndTerm implements [registry.Registry].
func (r *Registry) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	_, err := through(r, func(b store.Backend) (none, error) { return none{}, b.EndTerm(ctx, group, number, holder, end) })
	return err
}

// Candidate implements [registry.Registry].
func (r *Registry) Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (registry.Instance, error) {
	return through(r, func(b store.Backend) (registry.Instance, error) {
		return b.Candidate(ctx, group, at, within, except...)
	})
}

// Claimant implements [registry.Registry].
func (r *Registry) Claimant(ctx context.Context, group string, above int64) (registry.Instance, error) {
	return through(r, func(b store.Backend) (registry.Instance, error) { return b.Claimant(ctx, group, above) })
}

// Silent implements [registry.Registry].
func (r *Registry) Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]registry.Instance, error) {
	return through(r, func(b store.Backend) ([]registry.Instance, error) { return b.Silent(ctx, group, at, within) })
}

// Watch implements [registry.Registry]. The watch breaks when the backend is replaced.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan registry.Notice, error) {
	return through(r, func(b store.Backend) (<-chan registry.Notice, error) { return b.Watch(ctx, group) })
}

// Instances implements [registry.Admin].
func (r *Registry) Instances(ctx context.Context, group string) ([]registry.Instance, time.Time, error) {
	type found struct {
		list []registry.Instance
		at   time.Time
	}
	f, err := through(r, func(b store.Backend) (f found, err error) {
		f.list, f.at, err = b.Instances(ctx, group)
		return f, err
	})
	return f.list, f.at, err
}

// Terms implements [registry.Admin].
func (r *Registry) Terms(ctx context.Context, group string, n int) ([]registry.Term, error) {
	return through(r, func(b store.Backend) ([]registry.Term, error) { return b.Terms(ctx, group, n) })
}

// Groups implements [registry.Admin].
func (r *Registry) Groups(ctx context.Context) ([]string, error) {
	return through(r, func(b store.Backend) ([]string, error) { return b.Groups(ctx) })
}

// RequestHandover implements [registry.Admin].
func (r *Registry) RequestHandover(ctx context.Context, group string, number int64, to uuid.UUID) error {
	_, err := through(r, func(b store.Backend) (none, error) { return none{}, b.RequestHandover(ctx, group, number, to) })
	return err
}

// Info implements [registry.Admin].
func (r *Registry) Info(ctx context.Context) (registry.Info, error) {
	return through(r, func(b store.Backend) (registry.Info, error) { return b.Info(ctx) })
}
