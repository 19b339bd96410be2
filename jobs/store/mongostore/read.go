package mongostore

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Run implements [store.Asking].
func (s *Store) Run(ctx context.Context, k store.Key) (store.Run, error) {
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return store.Run{}, wrap(ctx, "run", err)
	}
	defer end()
	r, err := s.run(ctx, k)
	return r, wrap(ctx, "run", err)
}

// small leaves out the fields of a run that may be large.
var small = bson.D{{Key: "result", Value: 0}, {Key: "output.head", Value: 0}, {Key: "output.tail", Value: 0}}

// Runs implements [store.Asking].
func (s *Store) Runs(ctx context.Context, group string, f store.Filter) ([]store.Run, error) {
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return nil, wrap(ctx, "runs", err)
	}
	defer end()
	l, err := read(ctx, s, s.runs, matching(group, f), bson.D{{Key: "at", Value: -1}, {Key: "_id", Value: -1}}, small, store.Bounded(f.Limit), decodeRun, soundRun)
	return l.found, wrap(ctx, "runs", cmp.Or(err, l.err()))
}

func matching(group string, f store.Filter) bson.D {
	filter := bson.D{inGroup(group)}
	if f.Job != "" {
		filter = append(filter, bson.E{Key: "_id.job", Value: f.Job})
	}
	if len(f.States) > 0 {
		filter = append(filter, bson.E{Key: "state", Value: bson.D{{Key: "$in", Value: f.States}}})
	}
	at := bson.D{}
	if !f.Since.IsZero() {
		at = append(at, bson.E{Key: "$gte", Value: f.Since})
	}
	if before := f.Before; !before.At.IsZero() {
		at = append(at, bson.E{Key: "$lte", Value: before.At})
		filter = append(filter, bson.E{Key: "$or", Value: bson.A{
			bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: before.At}}}},
			bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: runID{group, before.Job, before.Run}}}}},
		}})
	}
	if len(at) > 0 {
		filter = append(filter, bson.E{Key: "at", Value: at})
	}
	return filter
}

// Queue implements [store.Asking].
func (s *Store) Queue(ctx context.Context, group string, now time.Time) (map[string]store.Queue, error) {
	fail := func(err error) (map[string]store.Queue, error) { return nil, wrap(ctx, "queue", err) }
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return fail(err)
	}
	defer end()
	cursor, err := s.runs.Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: append(waiting(group), bson.E{Key: "due", Value: bson.D{{Key: "$lte", Value: now}}})}},
		bson.D{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: "$_id.job"}, {Key: "waiting", Value: bson.D{{Key: "$sum", Value: 1}}}, {Key: "oldest", Value: bson.D{{Key: "$min", Value: "$due"}}},
		}}},
		bson.D{{Key: "$limit", Value: store.MaxJobs}},
	}, options.Aggregate().SetCollation(s.r.Simple))
	if err != nil {
		return fail(s.r.Refused(s.runs, err))
	}
	defer cursor.Close(ctx)
	queues := map[string]store.Queue{}
	var bad error
	for cursor.Next(ctx) {
		f := fields{Raw: cursor.Current}
		job, ok := mongofields.Name(f.Raw.Lookup("_id"), store.MaxJob)
		oldest, _ := f.Date("oldest")
		if !ok || store.CheckJob(job) != nil {
			bad = fmt.Errorf("%w: a waiting run of group %.100q: the job in its _id is %s, want a job's name", registry.ErrCorrupt, group, mongofields.Describe(f.Raw.Lookup("_id")))
			continue
		}
		queues[job] = store.Queue{Waiting: f.Small("waiting"), Oldest: store.Instant(oldest)}
	}
	if err := cursor.Err(); err != nil {
		return fail(s.r.Refused(s.runs, err))
	}
	return queues, wrap(ctx, "queue", bad)
}
