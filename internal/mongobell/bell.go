package mongobell

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/understudy-go/understudy/registry"
)

// Source says where the bell is, and what this process may do there.
type Source struct {
	Database *mongo.Database
	// Pool is how many connections there may be.
	Pool int
	// Make says that collections which are missing may be made, and Silent that nothing may
	// be written.
	Make, Silent bool
	// Spawn runs f on a goroutine whose end Close of the registry awaits, and Closing ends
	// when the registry is closed.
	Spawn   func(f func()) error
	Closing context.Context
	// Say tells people that rings are lost; it may be nil.
	Say func(text string)
}

// Bell is the bell of one registry object. All that wait share its cursors.
type Bell struct {
	source      Source
	collections [Slots]*mongo.Collection
	turns       chan struct{} // has an element for each insert about terms that is under way
	jobTurn     chan struct{} // the same about jobs

	mu       sync.Mutex
	quiet    *sync.Cond // an outbox is empty
	outboxes [Slots]outbox
	lines    [Slots]*line // nil: nobody waits there
	pauses   [Slots]pause
	failing  bool // the latest insert failed
}

// New returns the bell of a database. It sends nothing yet.
func New(s Source) *Bell {
	b := &Bell{source: s, turns: make(chan struct{}, max(1, min(senders, s.Pool/8))), jobTurn: make(chan struct{}, 1)}
	b.quiet = sync.NewCond(&b.mu)
	for i := range b.collections {
		// A ring need not survive a failover, and its reader need not wait for a majority:
		// the change itself was acknowledged by one before.
		b.collections[i] = s.Database.Collection(name(i), options.Collection().
			SetWriteConcern(writeconcern.W1()).SetReadConcern(readconcern.Local()))
	}
	return b
}

// spared is how many connections are left to the calls of a registry.
const spared = 8

// Cursors returns how many cursors there may be. Each holds a connection while it waits.
func (b *Bell) Cursors() int { return max(1, min(Slots, (b.source.Pool-spared)/2)) }

// Connections returns how many connections the bell may use at a time. While a cursor is
// replaced, there are two.
func (b *Bell) Connections() int { return 2*b.Cursors() + cap(b.turns) + cap(b.jobTurn) }

// PrimaryChanged opens all cursors anew, because another server is the primary. The old one
// may not know it yet, and rings are inserted elsewhere.
func (b *Bell) PrimaryChanged() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.lines {
		if l != nil {
			l.move()
		}
	}
}

// Terms returns a channel that receives after each ring about the terms of a group, and
// once at the beginning, until ctx ends or the cursor breaks; then it is closed.
func (b *Bell) Terms(ctx context.Context, group string) (<-chan registry.Notice, error) {
	ch := make(chan registry.Notice, 1)
	w := &watcher{key: key{Terms, group}, end: func() { close(ch) }, signal: func(n registry.Notice) {
		select {
		case earlier := <-ch:
			n = earlier.And(n)
		default:
		}
		ch <- n // there is room: nobody else sends
	}}
	if err := b.wait(ctx, w); err != nil {
		return nil, err
	}
	return ch, nil
}

// Jobs does the same for rings about the jobs of a group.
func (b *Bell) Jobs(ctx context.Context, group string) (<-chan struct{}, error) {
	ch := make(chan struct{}, 1)
	w := &watcher{key: key{Jobs, group}, end: func() { close(ch) }, signal: func(registry.Notice) { nudge(ch) }}
	if err := b.wait(ctx, w); err != nil {
		return nil, err
	}
	return ch, nil
}

// watcher waits for the rings of a key. Bell.mu is held when its functions are called.
type watcher struct {
	key    key
	ctx    context.Context // it leaves with it
	signal func(registry.Notice)
	end    func()
	forget func() bool   // cancels that it leaves with its context; nil: no cursor serves it
	opened chan struct{} // closed once a cursor serves it, or could not be opened
	err    error         // why not; set before opened is closed
}

// wait adds a watcher, and returns when a cursor serves it.
func (b *Bell) wait(ctx context.Context, w *watcher) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.ctx, w.opened = ctx, make(chan struct{})
	slot := w.key.slot()
	if err := b.join(slot, w); err != nil {
		return err
	}
	select {
	case <-w.opened:
		return w.err
	case <-ctx.Done():
		b.leave(slot, w)
		return ctx.Err()
	}
}

// join adds a watcher to the line of its collection, which is made if there is none.
func (b *Bell) join(slot int, w *watcher) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lines[slot]
	if l == nil {
		if err := b.pauses[slot].over(); err != nil {
			return err
		}
		inUse := 0
		for _, other := range b.lines {
			if other != nil {
				inUse++
			}
		}
		if most := b.Cursors(); inUse >= most {
			return fmt.Errorf("%w: maxPoolSize is %d, so groups share %d cursors at most, and this one has none: raise it to %d",
				registry.ErrNoWatch, b.source.Pool, most, 2*Slots+spared)
		}
		l = newLine(b, slot)
		if err := b.source.Spawn(l.run); err != nil {
			l.cancel()
			return err
		}
		b.lines[slot] = l
	}
	l.watchers[w] = true
	if l.serves(w.key) {
		b.serve(l, w)
	} else {
		l.widen()
	}
	return nil
}

// serve takes note that a cursor has the rings of a watcher from now on.
func (b *Bell) serve(l *line, w *watcher) {
	w.forget = context.AfterFunc(w.ctx, func() { b.leave(l.slot, w) })
	w.signal(registry.Notice{}) // something may have changed before
	close(w.opened)
}

// leave removes a watcher. The line ends with the last of them.
func (b *Bell) leave(slot int, w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lines[slot]
	if l == nil || !l.watchers[w] {
		return
	}
	delete(l.watchers, w)
	w.end()
	if len(l.watchers) == 0 {
		if l.isOpen() { // whoever stops to listen in order to leave rings soon
			b.outboxes[slot].checked = time.Now()
		}
		l.cancel()
		b.lines[slot] = nil
	}
}
