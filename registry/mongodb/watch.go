package mongodb

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/internal/mongowatch"
)

// Watch implements [registry.Registry]. All watches of a registry share one change
// stream, and thus one connection.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	if err := r.mayRead(); err != nil {
		return nil, wrap(ctx, "watch", err)
	}
	changes, err := r.watches.Watch(ctx, group)
	return changes, wrap(ctx, "watch", err)
}

// groupOfChange is the field of a change that has the group of its term.
const groupOfChange = "documentKey._id.group"

// changes is the stream of the terms.
func (r *Registry) changes() mongowatch.Source {
	return mongowatch.Source{
		Open: func(ctx context.Context, group string) (*mongo.Cursor, error) {
			match := bson.D{}
			if group != "" {
				match = bson.D{{Key: groupOfChange, Value: group}}
			}
			return mongowatch.Open(ctx, r.hello, r.terms, match, groupOfChange)
		},
		GroupOf: func(change bson.Raw) string {
			group, _ := mongofields.Text(change.Lookup("documentKey", "_id", "group"))
			return group
		},
		Every: 50 * time.Millisecond, // each notice costs its receiver a view
		Spawn: r.spawn, Closing: r.closing,
	}
}
