package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongobell"
	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongouri"
	"github.com/understudy-go/understudy/registry"
)

const (
	openTimeout  = 10 * time.Second
	indexTimeout = 2 * time.Second
)

// DefaultDatabase is used where neither the options nor the URI name a database.
const DefaultDatabase = mongouri.DefaultDatabase

// Options are what a URI does not say.
type Options struct {
	// Database is the name of the database. If it is empty, the URI's path names it,
	// or else it is DefaultDatabase.
	Database string
	// Access is what the database is opened for. [registry.Join] makes an index;
	// [registry.Look] does not need the right to write.
	Access registry.Access
	// Say tells people what no call returns: that changes could not be announced. It is
	// called once, until they can be again. It may be nil.
	Say func(text string)
}

// Open connects to the servers of a URI, and checks that the database may be written
// to, or read from, as the options say.
// Its error says what is wrong and what to do about it, without the URI's
// credentials. If it is ErrUnreachable, no server answered, and another try makes
// sense.
func Open(ctx context.Context, uri string, o Options) (*Registry, error) {
	r, err := dial(ctx, uri, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := r.prepare(ctx); err != nil {
		err = r.explain(ctx, err)
		r.close()
		r.conn.Abandon()
		return nil, err
	}
	return r, nil
}

// dial begins to connect, and returns before it is known whether that works.
func dial(ctx context.Context, uri string, o Options) (*Registry, error) {
	conn, err := mongoconn.Dial(ctx, uri)
	if err != nil {
		return nil, err
	}
	if o.Database == "" {
		o.Database = conn.DatabaseName()
	}
	r := &Registry{conn: conn, access: o.Access, simple: &options.Collation{Locale: "simple"}}
	db := conn.Database(o.Database)
	r.instances, r.terms = db.Collection("instances"), db.Collection("terms")
	r.closing, r.close = context.WithCancel(context.Background())
	r.hang(o.Access == registry.Join, o.Access == registry.Look, o.Say)
	return r, nil
}

// hang makes the bell. It may make its collections, or must write nothing.
func (r *Registry) hang(makes, silent bool, say func(string)) {
	r.bell = mongobell.New(mongobell.Source{
		Database: r.terms.Database(), Pool: r.conn.Pool(), Make: makes, Silent: silent, Spawn: r.spawn, Closing: r.closing,
		Say: say,
	})
	r.conn.OnPrimaryChange(r.bell.PrimaryChanged)
}

// prepare checks that a server lets this user do what the access needs, and makes
// the index of the instances.
func (r *Registry) prepare(ctx context.Context) error {
	h, err := r.hello(ctx)
	if err != nil {
		return err
	}
	err = r.findCollation(ctx)
	switch r.access {
	case registry.Look:
		return err
	case registry.Ask:
		return probe(ctx, r.terms)
	}
	r.makeIndex(ctx, h)
	if err := probe(ctx, r.instances); err != nil {
		return err
	}
	return probe(ctx, r.terms)
}

// seniority is the index that lets Candidate read one document.
var seniority = bson.D{{Key: "group", Value: 1}, {Key: "priority", Value: -1}, {Key: "_id", Value: 1}}

// makeIndex makes the index of the instances, if it can. Without the index Candidate
// reads the whole group, so it is no error if this user must not make one.
func (r *Registry) makeIndex(ctx context.Context, h mongoconn.Hello) {
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	o := options.CreateIndexes()
	if !h.Standalone() {
		// By default the server waits for all members. A minority that is away must not
		// hold it up. A standalone server refuses the option.
		o.SetCommitQuorumMajority()
	}
	index := mongo.IndexModel{Keys: seniority, Options: options.Index().SetCollation(r.simple)}
	_, _ = r.instances.Indexes().CreateOne(ctx, index, o)
}

// findCollation reads something, to see whether the server knows collations and
// whether this user may read.
func (r *Registry) findCollation(ctx context.Context) error {
	err := r.peek(ctx)
	if mongoconn.HasCode(err, noCollation...) {
		r.simple = nil
		err = r.peek(ctx)
	}
	return err
}

// noCollation are the codes of servers, MongoDB's and compatible ones, that do not
// know collations. They compare texts by their bytes.
var noCollation = []int{
	9,     // FailedToParse
	115,   // CommandNotSupported
	238,   // NotImplemented
	303,   // Amazon DocumentDB: Feature not supported
	40415, // unknown field
}

// peek reads nothing, but it takes the right to read.
func (r *Registry) peek(ctx context.Context) error {
	err := r.terms.FindOne(ctx, bson.M{"_id": "probe"}, options.FindOne().SetCollation(r.simple)).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	return err
}

// probe writes nothing, but it takes the right to write and a majority that
// acknowledges the write.
func probe(ctx context.Context, c *mongo.Collection) error {
	_, err := c.UpdateOne(ctx, bson.M{"_id": "probe", "schema": -1}, bson.M{"$set": bson.M{"probe": true}})
	return err
}

// database returns the name of the database.
func (r *Registry) database() string { return r.terms.Database().Name() }

// explain says why the registry could not be opened, and what to do about it.
func (r *Registry) explain(ctx context.Context, err error) error {
	open, short := "open "+r.conn.Place(), mongoconn.Terse(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // that is the reason, whatever the server said
	case mongoconn.Unauthorized(err) && r.conn.Authenticates() && r.access == registry.Look:
		return fmt.Errorf("%s: %s is not allowed to read the database %q: grant it the role read there: %w", open, r.conn.User(), r.database(), short)
	case mongoconn.Unauthorized(err) && r.conn.Authenticates():
		return fmt.Errorf("%s: %s is not allowed to write to the database %q: grant it the role readWrite there: %w", open, r.conn.User(), r.database(), short)
	case mongoconn.OnView(err):
		return fmt.Errorf("%s: instances or terms is a view in the database %q: %s: %w", open, r.database(), another, short)
	case mongoconn.Invalid(err):
		return fmt.Errorf("%s: a validator in the database %q refuses what Understudy writes: remove it by the command collMod, or %s: %w",
			open, r.database(), another, short)
	}
	return r.conn.Explain(ctx, err)
}
