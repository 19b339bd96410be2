package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// call is one method with sensible arguments.
type call struct {
	name   string
	writes bool
	do     func(ctx context.Context) error
}

// calls returns a call of each method, about a processing run and a job.
func calls(b Backend, h store.Holder, r store.Run, name string) []call {
	s := b.Jobs()
	next := processing(h, r.Job, "next")
	j := newJob(h, name)
	j.Revision = 1 << 40
	k := r.Key
	list := []call{
		{"Seal", true, func(ctx context.Context) error { _, err := s.Seal(ctx, h); return err }},
		{"SaveJobs", true, func(ctx context.Context) error { j.Revision++; return s.SaveJobs(ctx, h, []store.Job{j}) }},
		{"Claim", true, func(ctx context.Context) error { _, err := s.Claim(ctx, h, []store.Run{next}); return err }},
		{"Update", true, func(ctx context.Context) error { _, err := s.Update(ctx, h, r.Version(), r); return err }},
		{"SetProgress", true, func(ctx context.Context) error {
			_, err := s.SetProgress(ctx, h, k, r.Attempt, store.Progress{Percent: 1, At: instant})
			return err
		}},
		{"Open", false, func(ctx context.Context) error { _, err := s.Open(ctx, h, nil, 10); return err }},
		{"Retrying", false, func(ctx context.Context) error { _, err := s.Retrying(ctx, h.Group); return err }},
		{"Due", false, func(ctx context.Context) error { _, _, err := s.Due(ctx, h, time.Now(), nil, 10); return err }},
		{"SaveCheckpoint", true, func(ctx context.Context) error { return s.SaveCheckpoint(ctx, h, k, r.Attempt, []byte("c")) }},
		{"TakeCheckpoint", true, func(ctx context.Context) error { _, err := s.TakeCheckpoint(ctx, h, k, r.Attempt); return err }},
		{"AppendChunk", true, func(ctx context.Context) error { return s.AppendChunk(ctx, h, k, r.Attempt, 0, 0, []byte("c")) }},
		{"Prune", true, func(ctx context.Context) error {
			_, err := s.Prune(ctx, h, r.Job, store.Prunable{Before: instant, FailedBefore: instant, Keep: 1}, 10)
			return err
		}},
		{"Submit", true, func(ctx context.Context) error {
			_, _, err := s.Submit(ctx, waiting(h.Group, r.Job, "submitted"), []byte("p"), 1000)
			return err
		}},
		{"Cancel", true, func(ctx context.Context) error { _, err := s.Cancel(ctx, k, "me", ""); return err }},
		{"Pause", true, func(ctx context.Context) error { _, err := s.Pause(ctx, h.Group, name, "me", ""); return err }},
		{"Resume", true, func(ctx context.Context) error { _, err := s.Resume(ctx, h.Group, name); return err }},
		{"Jobs", false, func(ctx context.Context) error { _, err := s.Jobs(ctx, h.Group); return err }},
		{"Run", false, func(ctx context.Context) error { _, err := s.Run(ctx, k); return err }},
		{"Runs", false, func(ctx context.Context) error { _, err := s.Runs(ctx, h.Group, store.Filter{Limit: 10}); return err }},
		{"Queue", false, func(ctx context.Context) error { _, err := s.Queue(ctx, h.Group, time.Now()); return err }},
		{"Payload", false, func(ctx context.Context) error { _, err := s.Payload(ctx, k); return err }},
		{"Chunks", false, func(ctx context.Context) error { _, err := s.Chunks(ctx, k, 1, 0); return err }},
		{"Watch", false, func(ctx context.Context) error { _, err := s.Watch(ctx, h.Group); return err }},
	}
	return list
}

// example makes a processing run, a failed one and a job.
func example(t *testing.T, b Backend, group string) (h store.Holder, r, failed store.Run) {
	t.Helper()
	h = hold(t, b, group)
	saveJob(t, b, h, newJob(h, "report"))
	return h, claimOne(t, b, h, processing(h, "report", "1")), claimOne(t, b, h, ended(processing(h, "report", "failed"), store.Failed, instant))
}
