package mongostore

import (
	"cmp"
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Seal implements [store.Holding].
func (s *Store) Seal(ctx context.Context, h store.Holder) ([]store.Job, error) {
	fail := func(err error) ([]store.Job, error) { return nil, wrap(ctx, "seal", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	o := options.UpdateMany().SetCollation(s.r.Simple)
	if _, err := s.jobs.UpdateMany(ctx, bson.D{ofGroup(h.Group), below(h.Term), sealable(1)}, set(bson.D{{Key: "term", Value: h.Term}}), o); err != nil {
		return fail(s.r.Refused(s.jobs, err))
	}
	mine := set(bson.D{{Key: "term", Value: h.Term}, {Key: "instance", Value: id(h.Instance)}})
	if _, err := s.runs.UpdateMany(ctx, append(waiting(h.Group), below(h.Term), sealable(0)), mine, o); err != nil {
		return fail(s.r.Refused(s.runs, err))
	}
	l, err := readJobs(ctx, s, h.Group, func(raw bson.Raw) (store.Job, error) {
		j, err := decodeJob(raw)
		return j, cmp.Or(err, h.NoLaterJob(j))
	})
	return l.found, wrap(ctx, "seal", cmp.Or(err, l.err()))
}

func below(term int64) bson.E {
	return bson.E{Key: "term", Value: bson.D{{Key: "$lt", Value: term}}}
}

// sealable matches the records whose term and schema make sense, whatever the rest is: a
// late write to a record that somebody corrects has to miss too.
func sealable(least int64) bson.E {
	return without(unless(between(least, int64(registry.MaxTerm)), "term"), unless(between(int64(1), int64(store.Schema)), "schema"), integers("term", "schema"))
}

// Pause implements [store.Asking].
func (s *Store) Pause(ctx context.Context, group, job, by, why string) (store.Job, error) {
	q := (&store.Request{By: by, Why: why, At: s.r.Now()}).Stored()
	return s.askJob(ctx, "pause", jobID{group, job}, bson.E{Key: "paused", Value: nil},
		set(bson.D{{Key: "paused", Value: request(*q)}, newAsked()}))
}

// Resume implements [store.Asking].
func (s *Store) Resume(ctx context.Context, group, job string) (store.Job, error) {
	change := set(bson.D{{Key: "resumed", Value: date(s.r.Now())}, newAsked()})
	return s.askJob(ctx, "resume", jobID{group, job}, bson.E{Key: "paused", Value: bson.D{{Key: "$ne", Value: nil}}},
		append(change, bson.E{Key: "$unset", Value: bson.D{{Key: "paused", Value: true}}}))
}

// askJob changes a job if a condition holds, and returns its record.
func (s *Store) askJob(ctx context.Context, what string, key jobID, condition bson.E, change bson.D) (store.Job, error) {
	fail := func(err error) (store.Job, error) { return store.Job{}, wrap(ctx, what, err) }
	end, err := s.begin(ctx, s.r.MayWrite)
	if err != nil {
		return fail(err)
	}
	defer end()
	raw, err := s.updated(ctx, s.jobs, bson.D{{Key: "_id", Value: key}, condition, soundJob}, change)
	if raw != nil && err == nil {
		s.ring(key.Group)
	}
	if raw == nil && err == nil {
		raw, err = s.find(ctx, s.jobs, key)
	}
	if raw == nil && err == nil {
		err = fmt.Errorf("%w: %.100q in group %.100q", store.ErrNoJob, key.Job, key.Group)
	}
	if err != nil {
		return fail(err)
	}
	j, err := decodeJob(raw)
	if err != nil {
		return fail(err)
	}
	return j, nil
}

// Jobs implements [store.Asking].
func (s *Store) Jobs(ctx context.Context, group string) ([]store.Job, error) {
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return nil, wrap(ctx, "jobs", err)
	}
	defer end()
	l, err := readJobs(ctx, s, group, decodeJob)
	return l.found, wrap(ctx, "jobs", cmp.Or(err, l.err()))
}

func readJobs(ctx context.Context, s *Store, group string, decode func(bson.Raw) (store.Job, error)) (list[store.Job], error) {
	return read(ctx, s, s.jobs, bson.D{ofGroup(group)}, bson.D{{Key: "_id", Value: 1}}, nil, store.MaxJobs, decode, soundJob)
}

func foreign(group string, h store.Holder) error {
	return fmt.Errorf("%w: group %.100q, want that of the holder: %.100q", registry.ErrCorrupt, group, h.Group)
}
