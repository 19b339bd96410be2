package mongodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

// Instances implements [registry.Admin].
func (r *Registry) Instances(ctx context.Context, group string) ([]registry.Instance, time.Time, error) {
	if err := r.mayRead(); err != nil {
		return nil, time.Time{}, wrap(ctx, "instances", err)
	}
	list, bad, err := r.read(ctx, bson.M{"group": group}, options.Find().SetSort(bson.M{"_id": 1}))
	if err != nil {
		return nil, time.Time{}, wrap(ctx, "instances", err)
	}
	h, err := r.hello(ctx)
	if err != nil {
		return nil, time.Time{}, wrap(ctx, "instances", err)
	}
	return list, h.LocalTime, wrap(ctx, "instances", bad)
}

// Terms implements [registry.Admin].
func (r *Registry) Terms(ctx context.Context, group string, n int) ([]registry.Term, error) {
	if err := r.mayRead(); err != nil {
		return nil, wrap(ctx, "terms", err)
	}
	if n <= 0 {
		return nil, wrap(ctx, "terms", ctx.Err()) // for the server 0 means no limit
	}
	list, err := r.history(ctx, group, n)
	return list, wrap(ctx, "terms", err)
}

// Groups implements [registry.Admin].
func (r *Registry) Groups(ctx context.Context) ([]string, error) {
	if err := r.mayRead(); err != nil {
		return nil, wrap(ctx, "groups", err)
	}
	var (
		names []string
		bad   error
	)
	for _, source := range []struct {
		collection    *mongo.Collection
		record, field string
	}{{r.instances, "instance", "group"}, {r.terms, "term", "_id.group"}} {
		var values []bson.RawValue
		found := source.collection.Distinct(ctx, source.field, bson.D{}, options.Distinct().SetCollation(r.simple))
		if err := found.Err(); err != nil {
			return nil, wrap(ctx, "groups", r.refused(source.collection, err))
		}
		if err := found.Decode(&values); err != nil {
			return nil, wrap(ctx, "groups", err)
		}
		for _, v := range values {
			name, ok := mongofields.Text(v)
			if !ok || registry.CheckGroup(name) != nil {
				bad = mongofields.Corrupt("a "+source.record, source.field, v, "a group's name")
				continue
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), wrap(ctx, "groups", bad)
}

// RequestHandover implements [registry.Admin].
func (r *Registry) RequestHandover(ctx context.Context, group string, number int64, to uuid.UUID) error {
	if err := r.mayWrite(); err != nil {
		return wrap(ctx, "request hand-over", err)
	}
	raw, err := r.terms.FindOneAndUpdate(ctx,
		bson.M{"_id": termID{group, number}, "endedAt": nil},
		bson.M{"$set": bson.M{"handoverTo": mongofields.Binary(to)}, "$currentDate": bson.M{"handoverAt": true}},
		options.FindOneAndUpdate().SetProjection(bson.M{"holder": 1}).SetCollation(r.simple)).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = fmt.Errorf("%w: term %d of group %q", registry.ErrNoTerm, number, group)
	}
	if err == nil {
		holder, _ := fieldsOf(raw).ID("holder")
		r.ring(group, number, holder)
	}
	return wrap(ctx, "request hand-over", r.refused(r.terms, err))
}

// Info implements [registry.Admin].
func (r *Registry) Info(ctx context.Context) (registry.Info, error) {
	if err := r.mayRead(); err != nil {
		return registry.Info{}, wrap(ctx, "info", err)
	}
	version, err := r.conn.Version(ctx)
	if err != nil {
		return registry.Info{}, wrap(ctx, "info", err)
	}
	h, err := r.hello(ctx)
	if err != nil {
		return registry.Info{}, wrap(ctx, "info", err)
	}
	return registry.Info{
		Backend: "mongodb", Version: version, Topology: h.Topology(), At: h.LocalTime, Schema: registry.Schema,
	}, nil
}
