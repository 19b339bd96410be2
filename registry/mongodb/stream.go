package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/registry"
)

const (
	// streamAwait is how long the server keeps a request for changes. Each costs
	// an idle instance two messages, so not the default of one a second.
	streamAwait = 10 * time.Second
	// streamOverdue is when a server that should have answered has not: a
	// connection may be dead without an end.
	streamOverdue = streamAwait + 5*time.Second
	streamClose   = 500 * time.Millisecond
	streamBatch   = 1000
	// Changes are asked for at once, and once that many were told in a row, no
	// more often than this: of a flood, each costs a view.
	paceBurst = 20
	paceEvery = 50 * time.Millisecond
)

// Codes of servers, and of what speaks like one, that have no change streams,
// or not for this user.
var noStream = []int{
	codeUnauthorized,
	codeCommandNotSupportedOnView,
	59,    // CommandNotFound
	115,   // CommandNotSupported
	238,   // NotImplemented
	40324, // unrecognized pipeline stage
	40573, // only on replica sets
}

// stream is a change stream, or the try to open one.
type stream struct {
	group  string  // the only one that it tells of; empty: of all
	before *stream // the narrower one that it replaces, or nil
	begun  time.Time
	ctx    context.Context
	cancel context.CancelFunc
	opened chan struct{} // closed once it is known whether it opened
	err    error         // why it did not, known then
}

// newStream tells of one group, or, if it replaces another stream, of all.
func newStream(closing context.Context, group string, before *stream) *stream {
	s := &stream{group: group, before: before, begun: time.Now(), opened: make(chan struct{})}
	if before != nil {
		s.group = ""
	}
	s.ctx, s.cancel = context.WithCancel(closing)
	return s
}

// run opens a stream and passes its changes on until it breaks or is cancelled.
// The one that it replaces goes on until it has opened.
func (r *Registry) run(s *stream) {
	defer s.cancel()
	cursor, err := r.openStream(s)
	if s.before != nil {
		s.before.cancel()
		s.before = nil
	}
	if err != nil {
		s.err = err
		r.watching.broke(s, err)
		close(s.opened)
		return
	}
	close(s.opened)
	r.watching.tell("") // of what the one before had not told yet
	err = follow(s.ctx, cursor, r.watching.tell)
	closeStream(cursor)
	r.watching.broke(s, err)
}

// openStream does what the driver's own streams do, but does not repeat what
// failed: the driver does so at once and for ever.
func (r *Registry) openStream(s *stream) (*mongo.Cursor, error) {
	ctx, cancel := context.WithTimeout(s.ctx, defaultTimeout)
	defer cancel()
	h, err := r.hello(ctx)
	if err != nil {
		return nil, err
	}
	if h.SetName == "" && h.Msg != "isdbgrid" {
		return nil, fmt.Errorf("%w: a single server has no change streams", registry.ErrNoWatch)
	}
	pipeline := bson.A{bson.M{"$changeStream": bson.M{}}}
	if s.group != "" {
		pipeline = append(pipeline, bson.M{"$match": bson.M{groupOfChange: s.group}})
	}
	pipeline = append(pipeline, bson.M{"$project": bson.M{"_id": 1, groupOfChange: 1}})
	cursor, err := r.terms.Aggregate(ctx, pipeline, options.Aggregate().SetMaxAwaitTime(streamAwait).SetBatchSize(streamBatch))
	if hasCode(err, noStream...) {
		return nil, fmt.Errorf("%w: %w", registry.ErrNoWatch, err)
	}
	return cursor, err
}

const groupOfChange = "documentKey._id.group"

// closeStream frees what the server keeps for a stream, unless that takes long.
func closeStream(cursor *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.Background(), streamClose)
	defer cancel()
	_ = cursor.Close(ctx)
}

// follow passes changes on until the stream breaks or ctx ends.
func follow(ctx context.Context, cursor *mongo.Cursor, tell func(group string)) error {
	var p pace
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
				tell(group)
			}
			p.wait(ctx)
		case cursor.Err() != nil:
			return cursor.Err()
		case cursor.ID() == 0:
			return errors.New("the server ended it")
		}
	}
}

// groupOf is the group of a change; empty: of what is no term of a group.
func groupOf(change bson.Raw) string {
	group, _ := text(change.Lookup("documentKey", "_id", "group"))
	return group
}

// pace lets a burst pass, and then one at a time.
type pace struct{ due time.Time }

func (p *pace) wait(ctx context.Context) {
	now := time.Now()
	if p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(paceEvery)
	early := p.due.Sub(now) - paceBurst*paceEvery
	if early <= 0 {
		return
	}
	select {
	case <-time.After(early):
	case <-ctx.Done():
	}
}
