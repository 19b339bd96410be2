package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/jobs/store"
)

const (
	indexTimeout = 10 * time.Second
	// indexAgain is when indices that could not be made are tried again.
	indexAgain = time.Minute
)

// Each of them has the order of its queries at its end, so that no query sorts.
var (
	byTime  = bson.D{{Key: "_id.group", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}}
	byJob   = bson.D{{Key: "_id.group", Value: 1}, {Key: "_id.job", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}}
	byState = bson.D{{Key: "_id.group", Value: 1}, {Key: "state", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}}
	// byDue has the job as well, so that Due passes by the runs of some jobs unread.
	byDue   = bson.D{{Key: "_id.group", Value: 1}, {Key: "state", Value: 1}, {Key: "priority", Value: -1}, {Key: "due", Value: 1}, {Key: "_id", Value: 1}, {Key: "_id.job", Value: 1}}
	byRetry = bson.D{{Key: "_id.group", Value: 1}, {Key: "state", Value: 1}, {Key: "attempt", Value: 1}, {Key: "_id", Value: 1}}
)

// makeIndices has the indices of the runs made in the background, so that a takeover does
// not wait for them. Without them all calls work too, and read more. So it is no error if
// this user must not make them.
func (s *Store) makeIndices() {
	s.indexing.Lock()
	defer s.indexing.Unlock()
	if !s.r.Joined || s.indexed || !s.indexAt.IsZero() && time.Since(s.indexAt) < indexAgain {
		return
	}
	s.indexAt = time.Now()
	_ = s.r.Spawn(func() {
		err := s.createIndices()
		s.indexing.Lock()
		defer s.indexing.Unlock()
		s.indexed = err == nil
	})
}

func (s *Store) createIndices() error {
	ctx, cancel := context.WithTimeout(s.r.Closing, indexTimeout)
	defer cancel()
	h, err := s.r.Hello(ctx)
	if err != nil {
		return err
	}
	o := options.CreateIndexes()
	if !h.Standalone() {
		// By default the server waits for all members. A minority that is away must not
		// hold it up. A standalone server refuses the option.
		o.SetCommitQuorumMajority()
	}
	plain := func() *options.IndexOptionsBuilder { return options.Index().SetCollation(s.r.Simple) }
	_, err = s.runs.Indexes().CreateMany(ctx, []mongo.IndexModel{
		{Keys: byTime, Options: plain()},
		{Keys: byJob, Options: plain()},
		{Keys: byState, Options: plain()},
		{Keys: byDue, Options: plain().SetPartialFilterExpression(bson.D{{Key: listed, Value: exists(true)}})},
		{Keys: byRetry, Options: plain().SetPartialFilterExpression(bson.D{{Key: "state", Value: store.Waiting}, attempted})},
	}, o)
	return err
}
