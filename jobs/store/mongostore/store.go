package mongostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongobell"
	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

var _ store.Store = (*Store)(nil)

// Registry is what a store has from the registry beside which it is.
type Registry struct {
	Database *mongo.Database
	// Pool is how many connections there may be, besides those of the bell.
	Pool int
	// Simple compares texts by their bytes; nil if the server has no collations.
	Simple *options.Collation
	// Joined says that what is missing may be made.
	Joined bool
	// Now returns the server's time, as known from its last answers.
	Now func() time.Time
	// Hello asks the server what it is.
	Hello func(ctx context.Context) (mongoconn.Hello, error)
	// Bell announces changes.
	Bell *mongobell.Bell
	// MayRead and MayWrite say why the store may not be read or written to.
	MayRead, MayWrite func() error
	// Refused makes a registry.ErrRefused of an error of a call that the server refused.
	Refused func(c *mongo.Collection, err error) error
	// Spawn runs f on a goroutine that the registry's Close waits for, and Closing ends
	// when it is closed.
	Spawn   func(f func()) error
	Closing context.Context
}

// Store is a [store.Store] in a MongoDB database.
type Store struct {
	r                         Registry
	jobs, runs, blobs, chunks *mongo.Collection
	calls                     chan struct{} // has an element for each call that is made

	indexing sync.Mutex
	indexed  bool      // the indices are there
	indexAt  time.Time // when they were last tried to be made
}

// New returns the store beside a registry.
func New(r Registry) *Store {
	s := &Store{
		r:    r,
		jobs: r.Database.Collection("jobs"), runs: r.Database.Collection("runs"),
		blobs: r.Database.Collection("blobs"), chunks: r.Database.Collection("chunks"),
	}
	s.calls = make(chan struct{}, min(max(r.Pool-spared, 1), maxCalls))
	return s
}

// wrap adds to an error what failed; it returns nil for nil.
func wrap(ctx context.Context, what string, err error) error { return mongoconn.Wrap(ctx, what, err) }

const (
	// spared is how many connections are left to the registry, whose beats must not wait
	// for a call about jobs.
	spared = 4
	// maxCalls bounds how many calls are made at a time.
	maxCalls = 16
)

// begin returns why a call may not be made. Otherwise it waits until the call may have a
// connection, and returns what has to be called at its end.
func (s *Store) begin(ctx context.Context, may func() error) (end func(), err error) {
	if err := may(); err != nil {
		return nil, err
	}
	select {
	case s.calls <- struct{}{}:
		return func() { <-s.calls }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// mayHold returns why a holder may not write. It has the indices made, if need be.
func (s *Store) mayHold() error {
	if err := s.r.MayWrite(); err != nil {
		return err
	}
	s.makeIndices()
	return nil
}

// jobID, runID, blobID and chunkID are the _id of records. The order of their fields
// matters: for the server the same fields in another order are another _id.
type jobID struct {
	Group string `bson:"group"`
	Job   string `bson:"job"`
}

type runID struct {
	Group string `bson:"group"`
	Job   string `bson:"job"`
	Run   string `bson:"run"`
}

type blobID struct {
	Group string `bson:"group"`
	Job   string `bson:"job"`
	Run   string `bson:"run"`
	Kind  string `bson:"kind"`
}

type chunkID struct {
	Group   string `bson:"group"`
	Job     string `bson:"job"`
	Run     string `bson:"run"`
	Attempt int64  `bson:"attempt"`
	N       int64  `bson:"n"`
}

func idOf(k store.Key) runID { return runID(k) }

// ofGroup matches the jobs of a group by the index of _id: every _id whose first field is
// the group, so that a record that makes no sense is found too.
func ofGroup(group string) bson.E {
	bound := func(end any) bson.D { return bson.D{{Key: "group", Value: group}, {Key: "job", Value: end}} }
	return bson.E{Key: "_id", Value: bson.D{{Key: "$gt", Value: bound(bson.MinKey{})}, {Key: "$lt", Value: bound(bson.MaxKey{})}}}
}

// collated returns why a record could not be inserted although there is none of this _id:
// by the collation of a collection two names can be equal. It returns nil if there is one.
func (s *Store) collated(ctx context.Context, c *mongo.Collection, id any, err error) error {
	if !mongoconn.Collated(err) || s.r.Simple == nil {
		return nil
	}
	o := options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetCollation(s.r.Simple)
	switch found := c.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, o).Err(); {
	case found == nil:
		return nil
	case !errors.Is(found, mongo.ErrNoDocuments):
		return s.r.Refused(c, found)
	}
	return fmt.Errorf("%w: by the collation of %s.%s the record %+v is the same as another: "+
		"create the collection again without a collation, or name another database",
		registry.ErrRefused, c.Database().Name(), c.Name(), id)
}

// update changes the first record that a filter matches, and reports whether there is one.
func (s *Store) update(ctx context.Context, c *mongo.Collection, filter, change bson.D) (bool, error) {
	result, err := c.UpdateOne(ctx, filter, change, options.UpdateOne().SetCollation(s.r.Simple))
	if err != nil {
		return false, s.r.Refused(c, err)
	}
	return result.MatchedCount > 0, nil
}

// updated changes the first record that a filter matches, and returns what is stored
// then; nil if there is none.
func (s *Store) updated(ctx context.Context, c *mongo.Collection, filter, change bson.D, fields ...string) (bson.Raw, error) {
	o := options.FindOneAndUpdate().SetReturnDocument(options.After).SetCollation(s.r.Simple)
	if len(fields) > 0 {
		o.SetProjection(only(fields...))
	}
	raw, err := c.FindOneAndUpdate(ctx, filter, change, o).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	return raw, s.r.Refused(c, err)
}

// find returns the record of an _id; nil if there is none.
func (s *Store) find(ctx context.Context, c *mongo.Collection, id any, fields ...string) (bson.Raw, error) {
	o := options.FindOne().SetCollation(s.r.Simple)
	if len(fields) > 0 {
		o.SetProjection(only(fields...))
	}
	raw, err := c.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, o).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	return raw, s.r.Refused(c, err)
}

// only is the projection of some fields, besides _id.
func only(fields ...string) bson.D {
	d := bson.D{}
	for _, name := range fields {
		d = append(d, bson.E{Key: name, Value: 1})
	}
	return d
}

func set(fields bson.D) bson.D { return bson.D{{Key: "$set", Value: fields}} }
