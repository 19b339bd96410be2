package mongodb

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/registry"
)

const (
	// watchAwait is how long the server keeps a request for changes. Each costs
	// an idle instance two messages, so not the default of one a second.
	watchAwait = 10 * time.Second
	// watchOverdue is when a server that should have answered has not: a
	// connection may be dead without an end.
	watchOverdue = watchAwait + 5*time.Second
	watchClose   = 500 * time.Millisecond
)

// Codes of servers, and of what speaks like one, that have no change streams,
// or not for this user.
var noStream = []int{
	codeUnauthorized,
	59,    // CommandNotFound
	115,   // CommandNotSupported
	238,   // NotImplemented
	40324, // unrecognized pipeline stage
	40573, // only on replica sets
}

// Watch implements [registry.Registry].
func (r *Registry) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	if err := r.mayRead(); err != nil {
		return nil, wrap(ctx, "watch", err)
	}
	h, err := r.hello(ctx)
	if err != nil {
		return nil, wrap(ctx, "watch", err)
	}
	if h.SetName == "" && h.Msg != "isdbgrid" {
		return nil, wrap(ctx, "watch", fmt.Errorf("%w: a single server has no change streams", registry.ErrNoWatch))
	}
	opening, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	stream, err := r.terms.Watch(opening, bson.A{
		bson.M{"$match": bson.M{"documentKey._id.group": group}},
		bson.M{"$project": bson.M{"_id": 1}},
	}, options.ChangeStream().SetMaxAwaitTime(watchAwait))
	if hasCode(err, noStream...) {
		err = fmt.Errorf("%w: %w", registry.ErrNoWatch, err)
	}
	if err != nil {
		return nil, wrap(opening, "watch", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		closeStream(stream)
		return nil, wrap(ctx, "watch", registry.ErrClosed)
	}
	changes := make(chan struct{}, 1)
	r.watches.Go(func() {
		defer close(changes)
		defer closeStream(stream)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(r.closing, cancel)()
		follow(ctx, stream, changes)
	})
	return changes, nil
}

// closeStream frees what the server keeps for a stream, unless that takes long.
func closeStream(stream *mongo.ChangeStream) {
	ctx, cancel := context.WithTimeout(context.Background(), watchClose)
	defer cancel()
	_ = stream.Close(ctx)
}

// follow passes notices on until the stream breaks or ctx ends.
func follow(ctx context.Context, stream *mongo.ChangeStream, changes chan<- struct{}) {
	for {
		next, cancel := context.WithTimeout(ctx, watchOverdue)
		changed := stream.TryNext(next)
		cancel()
		switch {
		case changed:
			select {
			case changes <- struct{}{}:
			default: // one is waiting already
			}
		case stream.Err() != nil || stream.ID() == 0:
			return
		}
	}
}
