package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongowatch"
)

// Watch implements [store.Asking]. All watches of a store share one change stream, of both
// the runs and the jobs. It is not that of the registry's terms: a flood of triggers must
// not delay a takeover, and a user who may watch single collections alone keeps that one.
func (s *Store) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	if err := s.r.MayRead(); err != nil {
		return nil, wrap(ctx, "watch jobs", err)
	}
	changes, err := s.watches.Watch(ctx, group)
	return changes, wrap(ctx, "watch jobs", err)
}

// changes is the stream of what others than a holder wrote: the server leaves out the
// changes that do not set the field asked.
func (s *Store) changes() mongowatch.Source {
	return mongowatch.Source{
		Of: s.r.Database, Hello: s.r.Hello,
		Match: bson.D{
			{Key: "ns.coll", Value: bson.D{{Key: "$in", Value: bson.A{s.runs.Name(), s.jobs.Name()}}}},
			{Key: "$or", Value: bson.A{
				bson.D{{Key: "updateDescription.updatedFields." + asked, Value: exists(true)}},
				bson.D{{Key: "operationType", Value: "insert"}, {Key: "fullDocument." + asked, Value: exists(true)}},
			}},
		},
		Every: 10 * time.Millisecond, // a trigger is to start soon, however many came before it
		Spawn: s.r.Spawn, Closing: s.r.Closing,
	}
}
