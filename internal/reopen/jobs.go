package reopen

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// Jobs implements [store.Backend]. The store uses the backend that is open, as the calls of
// the registry do.
func (r *Registry) Jobs() store.Store { return jobs{r} }

// jobs is the store of whatever backend is open.
type jobs struct{ r *Registry }

// ask makes a call of the store that returns one value.
func ask[T any](j jobs, call func(s store.Store) (T, error)) (T, error) {
	return through(j.r, func(b store.Backend) (T, error) { return call(b.Jobs()) })
}

// do makes a call of the store that returns only an error.
func do(j jobs, call func(s store.Store) error) error {
	_, err := ask(j, func(s store.Store) (none, error) { return none{}, call(s) })
	return err
}

func (j jobs) Seal(ctx context.Context, h store.Holder) ([]store.Job, error) {
	return ask(j, func(s store.Store) ([]store.Job, error) { return s.Seal(ctx, h) })
}

func (j jobs) SaveJobs(ctx context.Context, h store.Holder, list []store.Job) error {
	return do(j, func(s store.Store) error { return s.SaveJobs(ctx, h, list) })
}

func (j jobs) Claim(ctx context.Context, h store.Holder, runs []store.Run) ([]*store.Run, error) {
	return ask(j, func(s store.Store) ([]*store.Run, error) { return s.Claim(ctx, h, runs) })
}

func (j jobs) Update(ctx context.Context, h store.Holder, was store.Version, r store.Run) (*store.Run, error) {
	return ask(j, func(s store.Store) (*store.Run, error) { return s.Update(ctx, h, was, r) })
}

func (j jobs) SetProgress(ctx context.Context, h store.Holder, k store.Key, attempt int, p store.Progress) (*store.Request, error) {
	return ask(j, func(s store.Store) (*store.Request, error) { return s.SetProgress(ctx, h, k, attempt, p) })
}

func (j jobs) Open(ctx context.Context, h store.Holder, except []store.Key, limit int) ([]store.Run, error) {
	return ask(j, func(s store.Store) ([]store.Run, error) { return s.Open(ctx, h, except, limit) })
}

func (j jobs) Retrying(ctx context.Context, group string) (map[string]string, error) {
	return ask(j, func(s store.Store) (map[string]string, error) { return s.Retrying(ctx, group) })
}

func (j jobs) Due(ctx context.Context, h store.Holder, now time.Time, except []string, limit int) ([]store.Run, time.Time, error) {
	var next time.Time
	runs, err := ask(j, func(s store.Store) (runs []store.Run, err error) {
		runs, next, err = s.Due(ctx, h, now, except, limit)
		return runs, err
	})
	return runs, next, err
}

func (j jobs) SaveCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int, data []byte) error {
	return do(j, func(s store.Store) error { return s.SaveCheckpoint(ctx, h, k, attempt, data) })
}

func (j jobs) TakeCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int) ([]byte, error) {
	return ask(j, func(s store.Store) ([]byte, error) { return s.TakeCheckpoint(ctx, h, k, attempt) })
}

func (j jobs) AppendChunk(ctx context.Context, h store.Holder, k store.Key, attempt, n int, offset int64, data []byte) error {
	return do(j, func(s store.Store) error { return s.AppendChunk(ctx, h, k, attempt, n, offset, data) })
}

func (j jobs) Prune(ctx context.Context, h store.Holder, job string, p store.Prunable, limit int) (int, error) {
	return ask(j, func(s store.Store) (int, error) { return s.Prune(ctx, h, job, p, limit) })
}

func (j jobs) Submit(ctx context.Context, r store.Run, payload []byte, depth int) (store.Run, bool, error) {
	created := false
	stored, err := ask(j, func(s store.Store) (stored store.Run, err error) {
		stored, created, err = s.Submit(ctx, r, payload, depth)
		return stored, err
	})
	return stored, created, err
}

func (j jobs) Cancel(ctx context.Context, k store.Key, by, why string) (store.Run, error) {
	return ask(j, func(s store.Store) (store.Run, error) { return s.Cancel(ctx, k, by, why) })
}

func (j jobs) Retry(ctx context.Context, k store.Key, by string) (store.Run, error) {
	return ask(j, func(s store.Store) (store.Run, error) { return s.Retry(ctx, k, by) })
}

func (j jobs) Pause(ctx context.Context, group, job, by, why string) (store.Job, error) {
	return ask(j, func(s store.Store) (store.Job, error) { return s.Pause(ctx, group, job, by, why) })
}

func (j jobs) Resume(ctx context.Context, group, job string) (store.Job, error) {
	return ask(j, func(s store.Store) (store.Job, error) { return s.Resume(ctx, group, job) })
}

func (j jobs) Jobs(ctx context.Context, group string) ([]store.Job, error) {
	return ask(j, func(s store.Store) ([]store.Job, error) { return s.Jobs(ctx, group) })
}

func (j jobs) Run(ctx context.Context, k store.Key) (store.Run, error) {
	return ask(j, func(s store.Store) (store.Run, error) { return s.Run(ctx, k) })
}

func (j jobs) Runs(ctx context.Context, group string, f store.Filter) ([]store.Run, error) {
	return ask(j, func(s store.Store) ([]store.Run, error) { return s.Runs(ctx, group, f) })
}

func (j jobs) Queue(ctx context.Context, group string, now time.Time) (map[string]store.Queue, error) {
	return ask(j, func(s store.Store) (map[string]store.Queue, error) { return s.Queue(ctx, group, now) })
}

func (j jobs) Payload(ctx context.Context, k store.Key) ([]byte, error) {
	return ask(j, func(s store.Store) ([]byte, error) { return s.Payload(ctx, k) })
}

func (j jobs) Chunks(ctx context.Context, k store.Key, attempt, from int) ([]store.Chunk, error) {
	return ask(j, func(s store.Store) ([]store.Chunk, error) { return s.Chunks(ctx, k, attempt, from) })
}

// Watch implements [store.Asking]. The watch breaks when the backend is replaced.
func (j jobs) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	return ask(j, func(s store.Store) (<-chan struct{}, error) { return s.Watch(ctx, group) })
}
