package mongodb

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/registry"
)

// maxOdd bounds how many silent records are read that have another shape than this
// program writes.
const maxOdd = 100

// Silent implements [registry.Registry]. If one read finds a record that makes no sense, the
// records of the ordinary shape are read by themselves, so that no number of others displaces
// them.
func (r *Registry) Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]registry.Instance, error) {
	fail := func(err error) ([]registry.Instance, error) { return nil, wrap(ctx, "silent", err) }
	if err := r.mayRead(); err != nil {
		return fail(err)
	}
	earliest := bson.M{"heartbeat": 1}
	silent := bson.M{"group": group, "heartbeat": bson.M{"$not": between(at, within)}}
	first := func() *options.FindOptionsBuilder {
		return options.Find().SetSort(earliest).SetLimit(registry.MaxSilent)
	}
	list, bad, err := r.read(ctx, silent, first())
	if err != nil {
		return fail(err)
	}
	if bad == nil {
		return list, nil
	}
	list, bad, err = r.read(ctx, bson.M{"$and": bson.A{silent, readable}}, first())
	if err != nil {
		return fail(err)
	}
	odd, worse, err := r.read(ctx, bson.M{"$and": bson.A{silent, bson.M{"$nor": bson.A{readable}}}},
		options.Find().SetSort(earliest).SetLimit(maxOdd))
	if err != nil {
		return fail(err)
	}
	if worse != nil {
		bad = worse
	}
	list = append(list, odd...)
	slices.SortStableFunc(list, func(a, b registry.Instance) int { return a.Heartbeat.Compare(b.Heartbeat) })
	return list[:min(len(list), registry.MaxSilent)], wrap(ctx, "silent", bad)
}
