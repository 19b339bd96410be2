package mongodb

import (
	"bytes"
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/registry"
)

// pages bounds how often one call reads on after terms that cannot be decoded.
const pages = 10

// history returns up to n terms of a group, the latest first. If the error is ErrCorrupt
// or ErrSchema, the terms are returned anyway, and there are others that cannot be
// decoded.
func (r *Registry) history(ctx context.Context, group string, n int) (list []registry.Term, err error) {
	var bad error
	filter := ofGroup(group)
	for range pages {
		var last bson.RawValue
		limit, read := n-len(list), 0
		o := options.Find().SetSort(latestFirst).SetLimit(int64(limit)).SetCollation(r.simple)
		err := each(ctx, r.terms, filter, o, func(raw bson.Raw) error {
			read++
			id := raw.Lookup("_id")
			last = bson.RawValue{Type: id.Type, Value: bytes.Clone(id.Value)}
			if t, err := decodeTerm(raw); err != nil {
				bad = err
			} else {
				list = append(list, t)
			}
			return nil
		})
		if err != nil {
			return nil, r.refused(r.terms, err)
		}
		if read < limit || len(list) == n {
			break
		}
		filter = bson.M{"$and": bson.A{ofGroup(group), bson.M{"_id": bson.M{"$lt": last}}}}
	}
	return list, bad
}
