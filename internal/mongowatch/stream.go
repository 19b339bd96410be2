package mongowatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/registry"
)

const (
	// streamAwait is how long the server waits for a change before it answers a request.
	// Each request costs an idle instance two messages, so it is longer than the
	// driver's default of a second.
	streamAwait = 10 * time.Second
	// streamOverdue is when an answer is late. A connection can be dead without having
	// been closed.
	streamOverdue = streamAwait + 5*time.Second
	// streamClose bounds how long the end of a stream waits for the server.
	streamClose = 500 * time.Millisecond
	streamBatch = 1000
	// Each notice costs its receiver a read. So after a burst of paceBurst notices, there
	// is one in each span of the source at most.
	paceBurst = 20
)

// noStream are the codes of servers, MongoDB's and compatible ones, that have no change
// streams, or none for this user.
var noStream = []int{
	13,    // Unauthorized
	166,   // CommandNotSupportedOnView
	59,    // CommandNotFound
	115,   // CommandNotSupported
	238,   // NotImplemented
	40324, // unrecognized pipeline stage
	40573, // only on replica sets
}

// stream is a change stream, or the attempt to open one.
type stream struct {
	group  string  // the group whose changes it has; empty if it has those of all groups
	before *stream // the stream of one group that it replaces, or nil
	begun  time.Time
	ctx    context.Context
	cancel context.CancelFunc
	opened chan struct{} // closed as soon as it is known whether the stream opened
	err    error         // why it did not open; set before opened is closed
}

// newStream returns a stream of one group or, if it replaces another stream, of all:
// group is then ignored.
func newStream(closing context.Context, group string, before *stream) *stream {
	s := &stream{group: group, before: before, begun: time.Now(), opened: make(chan struct{})}
	if before != nil {
		s.group = ""
	}
	s.ctx, s.cancel = context.WithCancel(closing)
	return s
}

// run opens a stream and passes its changes on until it breaks or is cancelled. The
// stream that it replaces goes on until this one has opened.
func (h *Watches) run(s *stream) {
	defer s.cancel()
	cursor, err := h.openStream(s)
	if s.before != nil {
		s.before.cancel()
		s.before = nil
	}
	if err != nil {
		s.err = err
		h.broke(s, err)
		close(s.opened)
		return
	}
	close(s.opened)
	h.notify("") // the previous stream may not have passed on all changes
	err = h.consume(s.ctx, cursor)
	closeStream(cursor)
	h.broke(s, err)
}

func (h *Watches) openStream(s *stream) (*mongo.Cursor, error) {
	ctx, cancel := context.WithTimeout(s.ctx, mongoconn.DefaultTimeout)
	defer cancel()
	return h.source.Open(ctx, s.group)
}

// Aggregator is a collection or a database.
type Aggregator interface {
	Aggregate(ctx context.Context, pipeline any, o ...options.Lister[options.AggregateOptions]) (*mongo.Cursor, error)
}

// groupOfChange is the field of a change that has the group of its record.
const groupOfChange = "documentKey._id.group"

// Open opens the change stream of a group, or of all groups if it is empty, of which only
// the groups of the changes are sent. It returns registry.ErrNoWatch if the server has
// none, or none for this user. It does what the driver's own streams do, but it does not
// try again what failed. The driver does that at once and for ever.
func (s Source) Open(ctx context.Context, group string) (*mongo.Cursor, error) {
	server, err := s.Hello(ctx)
	if err != nil {
		return nil, err
	}
	if server.Standalone() {
		return nil, fmt.Errorf("%w: a single server has no change streams", registry.ErrNoWatch)
	}
	pipeline := bson.A{bson.M{"$changeStream": bson.M{}}}
	match := slices.Clone(s.Match)
	if group != "" {
		match = append(match, bson.E{Key: groupOfChange, Value: group})
	}
	if len(match) > 0 {
		pipeline = append(pipeline, bson.M{"$match": match})
	}
	pipeline = append(pipeline, bson.M{"$project": bson.M{"_id": 1, groupOfChange: 1}})
	cursor, err := s.Of.Aggregate(ctx, pipeline, options.Aggregate().SetMaxAwaitTime(streamAwait).SetBatchSize(streamBatch))
	if mongoconn.HasCode(err, noStream...) {
		return nil, fmt.Errorf("%w: %w", registry.ErrNoWatch, err)
	}
	return cursor, err
}

// groupOf returns the group of a change; empty if it has none.
func groupOf(change bson.Raw) string {
	group, _ := mongofields.Text(change.Lookup("documentKey", "_id", "group"))
	return group
}

// closeStream asks the server to free what it keeps for a stream, unless that takes long.
func closeStream(cursor *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.Background(), streamClose)
	defer cancel()
	_ = cursor.Close(ctx)
}

// consume notifies the watchers of the groups that change, until the stream breaks or ctx ends.
func (h *Watches) consume(ctx context.Context, cursor *mongo.Cursor) error {
	p := pace{every: h.source.Every}
	for {
		next, cancel := context.WithTimeout(ctx, streamOverdue)
		changed := cursor.TryNext(next)
		cancel()
		switch {
		case changed:
			groups := map[string]bool{groupOf(cursor.Current): true}
			for cursor.RemainingBatchLength() > 0 && cursor.TryNext(ctx) {
				groups[groupOf(cursor.Current)] = true
			}
			for group := range groups {
				h.notify(group)
			}
			p.wait(ctx)
		case cursor.Err() != nil:
			return cursor.Err()
		case cursor.ID() == 0:
			return errors.New("the server ended it")
		}
	}
}

// pace lets a burst pass, and then one notice in each span.
type pace struct {
	every time.Duration
	due   time.Time
}

func (p *pace) wait(ctx context.Context) {
	now := time.Now()
	if p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(p.every)
	early := p.due.Sub(now) - paceBurst*p.every
	if early <= 0 {
		return
	}
	select {
	case <-time.After(early):
	case <-ctx.Done():
	}
}
