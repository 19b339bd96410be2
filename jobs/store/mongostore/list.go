package mongostore

import (
	"bytes"
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/jobs/store"
)

const (
	// pages bounds how often one call reads on after records that cannot be decoded: once,
	// and once more if a record was spoilt meanwhile.
	pages = 3
	// maxBad bounds how many errors of such records one call returns.
	maxBad = 5
)

// list is what a query found.
type list[T any] struct {
	found []T
	bad   []error // of the first records that cannot be decoded
}

func (l *list[T]) err() error { return store.LeftOut(l.bad...) }

// read returns up to limit records that a filter matches, in an order. Records that
// cannot be decoded do not take the place of others: if there are some, the rest is read
// with a filter that matches no such records.
func read[T any](ctx context.Context, s *Store, c *mongo.Collection, filter bson.D, order bson.D, hide bson.D, limit int, decode func(bson.Raw) (T, error), sound bson.E) (l list[T], err error) {
	passed := bson.A{}
	wanted := filter
	for range pages {
		left, read, bad := limit-len(l.found), 0, 0
		if left <= 0 {
			break
		}
		o := options.Find().SetSort(order).SetLimit(int64(left)).SetCollation(s.r.Simple)
		if hide != nil {
			o.SetProjection(hide)
		}
		err := each(ctx, c, wanted, o, func(raw bson.Raw) {
			read++
			id := raw.Lookup("_id")
			passed = append(passed, bson.RawValue{Type: id.Type, Value: bytes.Clone(id.Value)})
			switch v, err := decode(raw); {
			case err == nil:
				l.found = append(l.found, v)
			case len(l.bad) < maxBad:
				l.bad = append(l.bad, err)
				fallthrough
			default:
				bad++
			}
		})
		if err != nil {
			return list[T]{}, s.r.Refused(c, err)
		}
		if bad == 0 || read < left {
			break
		}
		wanted = bson.D{{Key: "$and", Value: bson.A{filter, bson.D{sound, {Key: "_id", Value: bson.D{{Key: "$nin", Value: passed}}}}}}}
	}
	return l, nil
}

// each calls f with every document that a query finds.
func each(ctx context.Context, c *mongo.Collection, filter any, o options.Lister[options.FindOptions], f func(bson.Raw)) error {
	cursor, err := c.Find(ctx, filter, o)
	if err != nil {
		return err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		f(cursor.Current)
	}
	return cursor.Err()
}
