package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/jobs/store"
)

// NewRun returns the document of a run, for a benchmark that inserts many.
func NewRun(r store.Run) bson.D { return newRun(r) }

// OpenChanges opens the stream that a watch of a group has.
func (s *Store) OpenChanges(ctx context.Context, group string) (*mongo.Cursor, error) {
	return s.changes().Open(ctx, group)
}
