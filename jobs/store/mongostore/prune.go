package mongostore

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/jobs/store"
)

// pruning is the field of a run that is being deleted. Nobody can retry it any more.
const pruning = "pruning"

// pruneStep is how many runs one step of Prune deletes.
const pruneStep = 50

// Prune implements [store.Holding]. A step marks its runs, so that no person retries one
// meanwhile, deletes what belongs to them, and then deletes them. So if a step is not
// completed, the next call finds the same runs again, and nothing is left behind.
func (s *Store) Prune(ctx context.Context, h store.Holder, job string, p store.Prunable, limit int) (deleted int, err error) {
	fail := func(err error) (int, error) { return deleted, wrap(ctx, "prune", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	old, err := s.prunable(ctx, jobID{h.Group, job}, p)
	if err != nil || old == nil {
		return fail(err)
	}
	for limit = store.Bounded(limit); deleted < limit; {
		n, err := s.pruneSome(ctx, old, min(limit-deleted, pruneStep))
		deleted += n
		if n == 0 || err != nil {
			return fail(err)
		}
	}
	return deleted, nil
}

// prunable returns the filter of the runs that may be deleted; nil if there are none.
func (s *Store) prunable(ctx context.Context, key jobID, p store.Prunable) (bson.D, error) {
	var mark time.Time
	raw, err := s.find(ctx, s.jobs, key)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		j, err := decodeJob(raw)
		if err != nil {
			return nil, err
		}
		mark = j.Mark
	}
	upTo := func(t time.Time) bson.D { return bson.D{{Key: "$lte", Value: t}} }
	old := bson.D{
		inGroup(key.Group), {Key: "_id.job", Value: key.Job}, {Key: "at", Value: upTo(p.Before)},
		{Key: "state", Value: bson.D{{Key: "$in", Value: ended}}}, {Key: "open", Value: false}, {Key: "endedAt", Value: upTo(p.Before)},
		soundRun,
	}
	anyOf := func(list ...bson.D) bson.D { return bson.D{{Key: "$or", Value: list}} }
	failed := bson.D{{Key: "$in", Value: store.Failures}}
	all := bson.A{
		anyOf(bson.D{{Key: "slot", Value: nil}}, bson.D{{Key: "slot", Value: upTo(mark)}}),
		anyOf(bson.D{{Key: "state", Value: bson.D{{Key: "$not", Value: failed}}}}, bson.D{{Key: "endedAt", Value: upTo(p.FailedBefore)}}),
	}
	whole := func() bson.D { return append(old[:len(old):len(old)], bson.E{Key: "$and", Value: all}) }
	if p.Keep <= 0 {
		return whole(), nil
	}
	o := options.FindOne().SetSort(bson.D{{Key: "at", Value: -1}, {Key: "_id", Value: -1}}).SetSkip(int64(p.Keep)).SetProjection(only("at")).SetCollation(s.r.Simple)
	newest, err := s.runs.FindOne(ctx, whole(), o).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil, nil
	case err != nil:
		return nil, s.r.Refused(s.runs, err)
	}
	at, id := newest.Lookup("at"), newest.Lookup("_id")
	all = append(all, bson.D{{Key: "at", Value: bson.D{{Key: "$lte", Value: at}}}},
		anyOf(bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: at}}}}, bson.D{{Key: "_id", Value: bson.D{{Key: "$lte", Value: id}}}}))
	return whole(), nil
}

// pruneSome deletes the oldest runs that a filter matches, and returns how many.
func (s *Store) pruneSome(ctx context.Context, old bson.D, limit int) (int, error) {
	oldest := bson.D{{Key: "at", Value: 1}, {Key: "_id", Value: 1}}
	l, err := read(ctx, s, s.runs, old, oldest, bson.D{{Key: "_id", Value: 1}}, limit, decodeKey, soundRun)
	if err != nil || len(l.found) == 0 {
		return 0, err
	}
	ids := bson.A{}
	for _, k := range l.found {
		ids = append(ids, idOf(k))
	}
	these := bson.E{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}
	mark := options.UpdateMany().SetCollation(s.r.Simple)
	if _, err := s.runs.UpdateMany(ctx, append(bson.D{these}, old...), set(bson.D{{Key: pruning, Value: true}}), mark); err != nil {
		return 0, s.r.Refused(s.runs, err)
	}
	marked := bson.D{these, {Key: pruning, Value: true}}
	if err := s.pruneParts(ctx, marked); err != nil {
		return 0, err
	}
	result, err := s.runs.DeleteMany(ctx, marked, options.DeleteMany().SetCollation(s.r.Simple))
	if err != nil {
		return 0, s.r.Refused(s.runs, err)
	}
	return int(result.DeletedCount), nil
}

// pruneParts deletes the payloads, checkpoints and chunks of the runs that are marked.
func (s *Store) pruneParts(ctx context.Context, marked bson.D) error {
	blobs, chunks := bson.A{}, bson.A{}
	err := each(ctx, s.runs, marked, options.Find().SetProjection(only("blob")).SetCollation(s.r.Simple), func(raw bson.Raw) {
		k, err := decodeKey(raw)
		if err != nil {
			return
		}
		blobs = append(blobs, checkpointID(k))
		if blob, ok := (fields{Raw: raw}).ID("blob"); ok {
			blobs = append(blobs, payloadID(k, blob))
		}
		bound := func(end any) bson.D {
			return bson.D{{Key: "group", Value: k.Group}, {Key: "job", Value: k.Job}, {Key: "run", Value: k.Run}, {Key: "attempt", Value: end}}
		}
		chunks = append(chunks, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: bound(bson.MinKey{})}, {Key: "$lt", Value: bound(bson.MaxKey{})}}}})
	})
	if err != nil || len(blobs) == 0 {
		return s.r.Refused(s.runs, err)
	}
	o := options.DeleteMany().SetCollation(s.r.Simple)
	if _, err := s.blobs.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: blobs}}}}, o); err != nil {
		return s.r.Refused(s.blobs, err)
	}
	_, err = s.chunks.DeleteMany(ctx, bson.D{{Key: "$or", Value: chunks}}, o)
	return s.r.Refused(s.chunks, err)
}

// withRun deletes what was just inserted for a run if the run is not there, or is being
// deleted, and returns ErrNoRun then. It is called after the insert: whoever prunes has
// looked for what belongs to the run before that, and finds nothing of it later.
func (s *Store) withRun(ctx context.Context, k store.Key, c *mongo.Collection, inserted bson.D) error {
	raw, err := s.find(ctx, s.runs, idOf(k), pruning)
	if err != nil || raw != nil && !(fields{Raw: raw}).Present(pruning) {
		return err
	}
	if _, err := c.DeleteOne(ctx, inserted, options.DeleteOne().SetCollation(s.r.Simple)); err != nil {
		return s.r.Refused(c, err)
	}
	return noRun(k)
}

func decodeKey(raw bson.Raw) (store.Key, error) {
	names, err := (&decoder{fields: fields{Raw: raw}, kind: "run"}).key("group", "job", "run")
	return store.Key{Group: names[0], Job: names[1], Run: names[2]}, err
}
