package mongobell

import (
	"bytes"
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/understudy-go/understudy/internal/mongoconn"
)

// stored is a ring as it was read.
type stored struct {
	Ring
	id bson.RawValue
}

// errEnded says that the server ended a cursor without an error.
var errEnded = errors.New("the server ended the cursor")

// placeLost are the codes of a cursor that is gone while the server is well.
var placeLost = []int{
	26,  // NamespaceNotFound
	43,  // CursorNotFound
	136, // CappedPositionLost
	175, // QueryPlanKilled, such as when the collection is dropped
	237, // CursorKilled
}

// lostPlace reports whether a cursor broke in a way that another one is of use at once.
func lostPlace(err error) bool {
	return errors.Is(err, errEnded) || mongoconn.HasCode(err, placeLost...)
}

// open opens a cursor on the line's collection.
func (l *line) open(keys map[key]bool) (*mongo.Cursor, error) {
	ctx, cancel := context.WithTimeout(l.ctx, mongoconn.DefaultTimeout)
	defer cancel()
	return l.b.open(ctx, l.slot, keys)
}

// reader reads one cursor, and hands its rings to the line.
type reader struct {
	cancel context.CancelFunc
	ended  chan error    // receives why the cursor broke
	done   chan struct{} // closed when it has let go of the cursor
}

func (l *line) start(cursor *mongo.Cursor) *reader {
	ctx, cancel := context.WithCancel(l.ctx)
	r := &reader{cancel: cancel, ended: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.ended <- l.follow(ctx, cursor)
		closeCursor(cursor)
	}()
	return r
}

// stop ends a reader, and waits until it has ended. There may be none.
func (r *reader) stop() {
	if r != nil {
		r.cancel()
		<-r.done
	}
}

const (
	// After a burst of paceBurst batches, one is read in each paceEvery at most, with all
	// that came meanwhile: a flood of rings costs this process little.
	paceBurst = 20
	paceEvery = 10 * time.Millisecond
)

// follow reads until the cursor breaks or ctx ends.
func (l *line) follow(ctx context.Context, cursor *mongo.Cursor) error {
	var due time.Time // when the next batch would be read without a burst
	for {
		next, cancel := context.WithTimeout(ctx, overdue)
		some := cursor.TryNext(next)
		cancel()
		switch {
		case some:
			found := append([]stored{current(cursor)}, read(cursor)...)
			l.b.mu.Lock()
			l.pass(found)
			l.b.mu.Unlock()
		case cursor.Err() != nil:
			return cursor.Err()
		case cursor.ID() == 0:
			return errEnded
		default:
			continue
		}
		due = later(due, time.Now()).Add(paceEvery)
		select {
		case <-time.After(time.Until(due) - paceBurst*paceEvery):
		case <-ctx.Done():
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// read returns the rings of the present batch.
func read(cursor *mongo.Cursor) (found []stored) {
	for cursor.RemainingBatchLength() > 0 && cursor.TryNext(context.Background()) {
		found = append(found, current(cursor))
	}
	return found
}

// current returns the ring at which a cursor is.
func current(cursor *mongo.Cursor) stored {
	id := cursor.Current.Lookup("_id")
	return stored{decode(cursor.Current), bson.RawValue{Type: id.Type, Value: bytes.Clone(id.Value)}}
}
