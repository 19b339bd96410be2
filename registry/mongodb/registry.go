package mongodb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/registry"
)

var _ registry.Backend = (*Registry)(nil)

// DefaultDatabase is used where neither the options nor the URI name one.
const DefaultDatabase = "understudy"

// Options are what a URI does not say.
type Options struct {
	// Database is the name of the database; empty: the URI's path, or else
	// DefaultDatabase.
	Database string
	// Access is what the database is opened for. [registry.Join] makes an index;
	// [registry.Look] does not ask for the right to write.
	Access registry.Access
}

// Registry is a [registry.Registry] and a [registry.Admin] in a MongoDB database.
type Registry struct {
	client    *mongo.Client
	instances *mongo.Collection
	terms     *mongo.Collection
	clock     clock
	access    registry.Access
	user      string             // the one that the URI names, for people; empty: none
	simple    *options.Collation // by bytes; nil: this server has no collations

	watching watching
	closing  context.Context // ends the streams
	close    context.CancelFunc
	watches  sync.WaitGroup
	mu       sync.Mutex // of closed, and of adding to watches
	closed   bool
}

// Open connects to the servers of a URI, and sees that they may be written to,
// or read from, as the options say.
// The error says what is wrong and what to do about it, without the URI's
// credentials. ErrUnreachable: no server answered, so another try makes sense.
func Open(ctx context.Context, uri string, o Options) (*Registry, error) {
	r, target, err := dial(ctx, uri, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := r.prepare(ctx); err != nil {
		err = target.explain(ctx, err)
		r.abandon()
		return nil, err
	}
	return r, nil
}

// dial begins to connect, and returns before it is known whether that works.
func dial(ctx context.Context, uri string, o Options) (*Registry, *target, error) {
	target, err := parse(ctx, uri)
	if err != nil {
		return nil, nil, err
	}
	if o.Database != "" {
		target.database = o.Database
	}
	target.access = o.Access
	client, err := mongo.Connect(target.options)
	if err != nil {
		return nil, nil, target.invalid(err)
	}
	r := &Registry{client: client, access: o.Access, user: target.user(), simple: &options.Collation{Locale: "simple"}}
	db := client.Database(target.database)
	r.instances, r.terms = db.Collection("instances"), db.Collection("terms")
	r.closing, r.close = context.WithCancel(context.Background())
	return r, target, nil
}

// prepare sees that there is a server that lets this user do what the access
// takes, and has an index for instances.
func (r *Registry) prepare(ctx context.Context) error {
	h, err := r.hello(ctx)
	if err != nil {
		return err
	}
	err = r.collate(ctx)
	switch r.access {
	case registry.Look:
		return err
	case registry.Ask:
		return probe(ctx, r.terms)
	}
	// The index makes Candidate read one document. Without it Candidate reads
	// the group, so it is no error if this user must not make one. A minority of
	// the servers that is away must not hold it up, which it does by default.
	indexing, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	o := options.CreateIndexes()
	if h.SetName != "" || h.Msg != "" { // a standalone server refuses it
		o.SetCommitQuorumMajority()
	}
	index := mongo.IndexModel{Keys: seniority, Options: options.Index().SetCollation(r.simple)}
	_, _ = r.instances.Indexes().CreateOne(indexing, index, o)

	if err := probe(ctx, r.instances); err != nil {
		return err
	}
	return probe(ctx, r.terms)
}

// collate sees whether the server knows collations, by a peek.
func (r *Registry) collate(ctx context.Context) error {
	err := r.peek(ctx)
	if hasCode(err, noCollation...) {
		r.simple = nil
		err = r.peek(ctx)
	}
	return err
}

// noCollation are codes of servers, and of what speaks like one, that do not know
// collations. Their texts are equal if their bytes are.
var noCollation = []int{
	9,     // FailedToParse
	115,   // CommandNotSupported
	238,   // NotImplemented
	303,   // Amazon DocumentDB: Feature not supported
	40415, // unknown field
}

// peek is a read that only one who may read may ask for.
func (r *Registry) peek(ctx context.Context) error {
	err := r.terms.FindOne(ctx, bson.M{"_id": "probe"}, options.FindOne().SetCollation(r.simple)).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	return err
}

// probe is a write that matches nothing, but only one who may write may ask for
// it, and only a majority can acknowledge it.
func probe(ctx context.Context, c *mongo.Collection) error {
	_, err := c.UpdateOne(ctx, bson.M{"_id": "probe", "schema": -1}, bson.M{"$set": bson.M{"probe": true}})
	return err
}

// mayRead returns ErrClosed after Close.
func (r *Registry) mayRead() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return registry.ErrClosed
	}
	return nil
}

// mayWrite returns ErrReadOnly if the registry was opened to look, and ErrClosed
// after Close.
func (r *Registry) mayWrite() error {
	if err := r.mayRead(); err != nil {
		return err
	}
	if r.access == registry.Look {
		return registry.ErrReadOnly
	}
	return nil
}

// Close ends the watches and closes the connections.
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	closed := r.closed
	r.closed = true
	r.mu.Unlock()
	if closed {
		return fmt.Errorf("close: %w", registry.ErrClosed)
	}
	r.close()
	r.watches.Wait() // each ends within streamClose
	if err := r.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// abandon closes the connections without a word to the servers.
func (r *Registry) abandon() {
	r.close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.client.Disconnect(ctx)
}

// seniority is the index that makes Candidate read one document.
var seniority = bson.D{{Key: "group", Value: 1}, {Key: "priority", Value: -1}, {Key: "_id", Value: 1}}

// hello is what a server says of itself.
type hello struct {
	LocalTime time.Time `bson:"localTime"`
	Primary   bool      `bson:"isWritablePrimary"`
	SetName   string    `bson:"setName"`
	Hosts     []string  `bson:"hosts"`
	Passives  []string  `bson:"passives"` // data-bearing, never primary
	Arbiters  []string  `bson:"arbiters"`
	Msg       string    `bson:"msg"` // "isdbgrid": a router of a sharded cluster
}

func (r *Registry) hello(ctx context.Context) (h hello, err error) {
	err = r.client.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&h)
	if err == nil {
		r.clock.set(h.LocalTime)
	}
	return h, err
}

// clock is the server's clock as the last answer that told it has it.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	seen time.Time
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.seen = at, time.Now()
}

// now never runs ahead of the server, which told the time before it was seen.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(time.Since(c.seen))
}
