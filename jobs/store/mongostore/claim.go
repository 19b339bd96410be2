package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Claim implements [store.Holding]. One unordered insert decides about all runs: each
// either is inserted or has a record, and those that have one are read in one call.
func (s *Store) Claim(ctx context.Context, h store.Holder, runs []store.Run) ([]*store.Run, error) {
	fail := func(err error) ([]*store.Run, error) { return nil, wrap(ctx, "claim", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	if len(runs) > store.MaxPage {
		return fail(fmt.Errorf("%w: %d runs, want up to %d", store.ErrTooLarge, len(runs), store.MaxPage))
	}
	there := make([]*store.Run, len(runs))
	if len(runs) == 0 {
		return there, nil
	}
	docs := make([]any, len(runs))
	for i, r := range runs {
		r.Term, r.Instance = h.Term, h.Instance
		r.Payload, r.Progress, r.Cancel = store.Digest{}, store.Progress{}, nil
		r, err := r.Stored()
		if err == nil && r.Group != h.Group {
			err = foreign(r.Group, h)
		}
		if err != nil {
			return fail(err)
		}
		docs[i] = newRun(r)
	}
	_, err = s.runs.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	taken, err := duplicates(err)
	if err != nil {
		return fail(s.r.Refused(s.runs, err))
	}
	if len(taken) == 0 {
		return there, nil
	}
	bad, err := s.taken(ctx, runs, taken, there)
	if err != nil {
		return fail(err)
	}
	return there, wrap(ctx, "claim", store.LeftOut(bad...))
}

// duplicates returns, by the index of the run, the errors of those whose _id exists. If
// anything else failed, it returns that instead: then some runs may have been inserted.
func duplicates(err error) (map[int]error, error) {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) || bulk.WriteConcernError != nil {
		if bulk.WriteConcernError != nil { // mongo.IsTimeout does not know the one that it is in
			err = mongo.WriteException{WriteConcernError: bulk.WriteConcernError, Labels: bulk.Labels}
		}
		return nil, err
	}
	taken := map[int]error{}
	for _, e := range bulk.WriteErrors {
		one := mongo.WriteException{WriteErrors: mongo.WriteErrors{e.WriteError}, Labels: bulk.Labels}
		if !mongoconn.DuplicateID(one) {
			return nil, one
		}
		taken[e.Index] = one
	}
	if len(taken) == 0 {
		return nil, err
	}
	return taken, nil
}

// taken reads the records that exist. Those that cannot be decoded are returned by their
// keys alone, and bad says why.
func (s *Store) taken(ctx context.Context, runs []store.Run, taken map[int]error, there []*store.Run) (bad []error, err error) {
	ids := bson.A{}
	for i := range taken {
		ids = append(ids, idOf(runs[i].Key))
	}
	found := map[store.Key]*store.Run{}
	err = each(ctx, s.runs, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find().SetCollation(s.r.Simple), func(raw bson.Raw) {
		r, err := decodeRun(raw)
		if err != nil {
			k, _ := decodeKey(raw)
			r = store.Run{Key: k}
			if len(bad) < maxBad {
				bad = append(bad, err)
			}
		}
		found[r.Key] = &r
	})
	if err != nil {
		return nil, s.r.Refused(s.runs, err)
	}
	for i, duplicate := range taken {
		k := runs[i].Key
		if there[i] = found[k]; there[i] != nil {
			continue
		}
		if err := s.collated(ctx, s.runs, idOf(k), duplicate); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("run %v had a record for the insert, and has none for the read after it", k)
	}
	return bad, nil
}

// Update implements [store.Holding].
func (s *Store) Update(ctx context.Context, h store.Holder, was store.Version, r store.Run) (*store.Run, error) {
	fail := func(err error) (*store.Run, error) { return nil, wrap(ctx, "update run", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	// Check looks at the whole record, of which the fields that never change are stored already.
	r.Term, r.Instance = h.Term, h.Instance
	r, err = r.Stored()
	if err == nil && r.Group != h.Group {
		err = foreign(r.Group, h)
	}
	if err != nil {
		return fail(err)
	}
	write, gone := decided(r), bson.D{}
	if r.Open {
		write = append(write, bson.E{Key: listed, Value: true})
	} else {
		gone = append(gone, bson.E{Key: listed, Value: true})
	}
	if r.Attempt != was.Attempt {
		gone = append(gone, bson.E{Key: "progress", Value: true})
	}
	change := set(write)
	if len(gone) > 0 {
		change = append(change, bson.E{Key: "$unset", Value: gone})
	}
	done, err := s.update(ctx, s.runs, bson.D{
		{Key: "_id", Value: idOf(r.Key)}, {Key: "state", Value: was.State}, {Key: "attempt", Value: int64(was.Attempt)},
		{Key: "term", Value: bson.D{{Key: "$eq", Value: was.Term}, {Key: "$lte", Value: h.Term}}}, soundRun,
	}, change)
	if done || err != nil {
		return fail(err)
	}
	stored, err := s.run(ctx, r.Key)
	if registry.Unreadable(err) {
		err = store.LeftOut(err)
	}
	if err != nil {
		return fail(err)
	}
	return &stored, wrap(ctx, "update run", changed(stored, fmt.Sprintf("%s, attempt %d of term %d", was.State, was.Attempt, was.Term)))
}

// changed is the error of a write that missed.
func changed(r store.Run, want string) error {
	return fmt.Errorf("%w: run %v is %s, attempt %d of term %d, want %s", store.ErrChanged, r.Key, r.State, r.Attempt, r.Term, want)
}

// SetProgress implements [store.Holding].
func (s *Store) SetProgress(ctx context.Context, h store.Holder, k store.Key, attempt int, p store.Progress) (*store.Request, error) {
	fail := func(err error) (*store.Request, error) { return nil, wrap(ctx, "set progress", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	raw, err := s.updated(ctx, s.runs, bson.D{
		{Key: "_id", Value: idOf(k)}, {Key: "state", Value: store.Processing}, {Key: "attempt", Value: int64(attempt)}, {Key: "term", Value: h.Term}, soundRun,
	}, set(bson.D{{Key: "progress", Value: progress(p.Stored())}}), "cancel")
	if err != nil {
		return fail(err)
	}
	if raw == nil {
		stored, err := s.run(ctx, k)
		if err != nil {
			return fail(err)
		}
		return fail(changed(stored, fmt.Sprintf("processing, attempt %d of term %d", attempt, h.Term)))
	}
	return requestOf(raw.Lookup("cancel")), nil
}

// run returns a run, or ErrNoRun.
func (s *Store) run(ctx context.Context, k store.Key) (store.Run, error) {
	raw, err := s.find(ctx, s.runs, idOf(k))
	switch {
	case err != nil:
		return store.Run{}, err
	case raw == nil:
		return store.Run{}, noRun(k)
	}
	r, err := decodeRun(raw)
	if err != nil {
		return store.Run{}, err
	}
	return r, nil
}

func noRun(k store.Key) error {
	return fmt.Errorf("%w: %.200q in group %.100q", store.ErrNoRun, k.String(), k.Group)
}
