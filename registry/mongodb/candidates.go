package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// longestPromise is how long an instance of the longest interval may be silent and
// still be live, see [registry.Instance.Live].
const longestPromise = 3 * registry.MaxInterval

// Candidate implements [registry.Registry].
func (r *Registry) Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (registry.Instance, error) {
	near := between(at, within)
	in, err := r.first(ctx, query{
		filter: bson.M{"group": group, "candidate": true, "$or": bson.A{
			bson.M{"heartbeat": near},
			bson.M{"interval": bson.M{"$gt": within.Milliseconds() / 3}, "heartbeat": between(at, longestPromise)},
		}},
		sure:   bson.M{"group": group, "candidate": true, "heartbeat": near},
		order:  seniority[1:],
		except: except,
		wanted: func(in registry.Instance) bool { return in.Live(at, within) },
	})
	if err == nil && in == nil {
		err = fmt.Errorf("%w in group %q", registry.ErrNoCandidate, group)
	}
	if err != nil {
		return registry.Instance{}, wrap(ctx, "candidate", err)
	}
	return *in, nil
}

// Claimant implements [registry.Registry].
func (r *Registry) Claimant(ctx context.Context, group string, above int64) (registry.Instance, error) {
	in, err := r.first(ctx, query{
		filter: bson.M{"group": group, "term": bson.M{"$gt": above}},
		sure:   bson.M{"group": group, "term": bson.M{"$gt": above, "$type": whole}},
		order:  bson.D{{Key: "term", Value: -1}, {Key: "_id", Value: 1}},
		wanted: func(in registry.Instance) bool { return in.Term > above },
	})
	if err == nil && in == nil {
		err = fmt.Errorf("%w in group %q", registry.ErrNoClaimant, group)
	}
	if err != nil {
		return registry.Instance{}, wrap(ctx, "claimant", err)
	}
	return *in, nil
}

// query describes which instance is wanted: the first in an order.
type query struct {
	filter bson.M // selects all that are wanted, and a few that are not
	sure   bson.M // selects, among the readable, none that is not wanted
	order  bson.D
	except []uuid.UUID
	wanted func(registry.Instance) bool
}

// guesses bounds how often a query reads by its filter. A record that is not wanted is
// excluded from the next read. The last read uses the sure filter, so that no number of
// records that are dead or cannot be read hides the others.
const guesses = 4

// first returns the instance that is wanted; nil if there is none. In the ordinary case
// it reads one document.
func (r *Registry) first(ctx context.Context, q query) (*registry.Instance, error) {
	if err := r.mayRead(); err != nil {
		return nil, err
	}
	passed := bson.A{}
	for _, id := range q.except {
		passed = append(passed, mongofields.Binary(id))
	}
	o := options.FindOne().SetSort(q.order).SetCollation(r.simple)
	ask := func(filter any) (*registry.Instance, error) {
		raw, err := r.instances.FindOne(ctx, bson.M{"$and": bson.A{filter, bson.M{"_id": bson.M{"$nin": passed}}}}, o).Raw()
		if err != nil {
			return nil, r.refused(r.instances, err)
		}
		if in, err := decodeInstance(raw); err == nil && q.wanted(in) {
			return &in, nil
		}
		passed = append(passed, raw.Lookup("_id"))
		return nil, nil
	}
	filters := []any{}
	for range guesses {
		filters = append(filters, q.filter)
	}
	for _, filter := range append(filters, bson.M{"$and": bson.A{q.sure, readable}}) {
		in, err := ask(filter)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil, nil
		}
		if in != nil || err != nil {
			return in, err
		}
	}
	return nil, nil
}

// between matches the dates around an instant.
func between(at time.Time, within time.Duration) bson.M {
	return bson.M{"$gte": at.Add(-within), "$lte": at.Add(within)}
}

// whole are the types of the whole numbers that this program writes.
var whole = bson.A{"int", "long"}

// readable matches the records that have the shape in which this program writes them.
// Arrays are excluded by themselves, because a filter compares their elements.
var readable = bson.M{
	"_id":       bson.M{"$gt": mongofields.Binary(uuid.Nil), "$lte": mongofields.Binary(uuid.Max)},
	"beat":      bson.M{"$type": whole, "$gte": 0},
	"heartbeat": bson.M{"$type": "date"},
	"schema":    bson.M{"$type": whole, "$gte": 1, "$lte": registry.Schema},
	"$nor": bson.A{
		isArray("group"), isArray("beat"), isArray("heartbeat"), isArray("schema"), isArray("term"),
	},
}

func isArray(field string) bson.M { return bson.M{field: bson.M{"$type": "array"}} }
