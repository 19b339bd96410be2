package mongodb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongobell"
	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/jobs/store/mongostore"
	"github.com/understudy-go/understudy/registry"
)

var _ registry.Backend = (*Registry)(nil)

// Registry is a [registry.Backend] in a MongoDB database.
type Registry struct {
	conn      *mongoconn.Conn
	instances *mongo.Collection
	terms     *mongo.Collection
	clock     clock
	access    registry.Access
	simple    *options.Collation // compares bytes; nil if the server has no collations

	bell    *mongobell.Bell
	closing context.Context // its end ends what runs in the background
	close   context.CancelFunc
	running sync.WaitGroup // what runs in the background
	mu      sync.Mutex     // protects closed, additions to running, and jobs
	closed  bool
	jobs    *mongostore.Store
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

// mayWrite returns ErrReadOnly if the registry was opened with [registry.Look], and
// ErrClosed after Close.
func (r *Registry) mayWrite() error {
	if err := r.mayRead(); err != nil {
		return err
	}
	if r.access == registry.Look {
		return registry.ErrReadOnly
	}
	return nil
}

// spawn runs f on a goroutine that Close waits for.
func (r *Registry) spawn(f func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return registry.ErrClosed
	}
	r.running.Go(f)
	return nil
}

// ringTime bounds how long Close waits for rings that are not sent yet.
const ringTime = time.Second

// Close ends the watches and closes the connections. Before that it sends the rings of
// the changes that were made just now.
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	closed := r.closed
	r.closed = true
	r.mu.Unlock()
	if closed {
		return fmt.Errorf("close: %w", registry.ErrClosed)
	}
	ringing, cancel := context.WithTimeout(ctx, ringTime)
	r.bell.Flush(ringing)
	cancel()
	r.close()
	r.running.Wait() // each ends soon after closing
	if err := r.conn.Disconnect(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// hello asks the primary what it is, and takes the time from its answer.
func (r *Registry) hello(ctx context.Context) (mongoconn.Hello, error) {
	h, err := r.conn.Hello(ctx)
	if err == nil {
		r.clock.set(h.LocalTime)
	}
	return h, err
}
