package mongobell

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/registry"
)

// line is all that wait for the rings of one collection, and the cursor that serves them.
// Bell.mu protects watchers, served, last and begun.
type line struct {
	b      *Bell
	slot   int
	ctx    context.Context
	cancel context.CancelFunc
	more   chan struct{} // receives when a watcher is not served yet
	moved  chan struct{} // receives when the primary has changed

	watchers map[*watcher]bool
	served   map[key]bool  // what the cursor has
	last     bson.RawValue // the _id of the ring that was read last
	begun    time.Time     // when the cursor was opened
}

func newLine(b *Bell, slot int) *line {
	l := &line{b: b, slot: slot, watchers: map[*watcher]bool{}, more: make(chan struct{}, 1), moved: make(chan struct{}, 1), begun: time.Now()}
	l.ctx, l.cancel = context.WithCancel(b.source.Closing)
	return l
}

// serves reports whether the cursor that is open has the rings of a key.
func (l *line) serves(k key) bool { return l.served[k] }

// isOpen reports whether a cursor is open. There may be no line. Bell.mu is held.
func (l *line) isOpen() bool { return l != nil && l.served != nil }

// move has the cursor replaced by one on another server.
func (l *line) move() { nudge(l.moved) }

// widen has the cursor replaced by one that has the rings of all watchers.
func (l *line) widen() { nudge(l.more) }

// nudge sends, unless that was done already and not received yet.
func nudge(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

const (
	// gather is for how long those that join a line are gathered before its cursor is
	// replaced: a program with many groups joins them one after another.
	gather = 20 * time.Millisecond
	// shortLife is how long a cursor has to live before one that lost its place is opened
	// again at once. Otherwise that waits for as long, and after some such lives in a row
	// the line breaks.
	shortLife  = time.Second
	shortLives = 1
	// moveTime spreads the cursors that are opened when the primary has changed: all processes
	// notice that at the same time.
	moveTime = time.Second
)

// run opens a cursor, and another one whenever that one loses its place, another server is the
// primary, or a watcher joins that it does not serve. It ends when a cursor breaks or cannot be opened, and
// with the last watcher.
func (l *line) run() {
	defer l.cancel()
	var present *reader
	lost, young := false, 0 // whether rings may have been lost, and how many cursors in a row had a short life
	for {
		keys := l.wanted()
		cursor, err := l.open(keys)
		present.stop() // it went on until now
		if err != nil {
			l.broke(err)
			return
		}
		l.opened(keys, read(cursor), lost)
		present = l.start(cursor)
		select {
		case <-l.ctx.Done():
			present.stop()
			l.broke(l.ctx.Err())
			return
		case err := <-present.ended:
			lost, young = true, young+1
			if time.Since(l.begun) >= shortLife {
				young = 0
			}
			if !lostPlace(err) || young > shortLives {
				present.stop()
				l.broke(err)
				return
			}
			l.sleep(time.Duration(min(young, 1)) * shortLife)
		case <-l.moved:
			lost = true
			l.sleep(rand.N(moveTime))
		case <-l.more:
			lost = false
			l.sleep(gather)
		}
	}
}

// sleep waits, but no longer than the line lasts.
func (l *line) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.ctx.Done():
	}
}

// wanted returns what the next cursor has to serve.
func (l *line) wanted() map[key]bool {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	select {
	case <-l.more:
	default:
	}
	keys := map[key]bool{}
	for w := range l.watchers {
		keys[w.key] = true
	}
	return keys
}

// opened takes a cursor that serves some keys, and the rings that it found. Watchers that
// were served before get those that came after the last one that they know of. If that is
// not there any more, some are lost, and each gets a notice.
func (l *line) opened(keys map[key]bool, found []stored, lost bool) {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	fresh := found
	if !l.last.IsZero() {
		i := slices.IndexFunc(found, func(r stored) bool { return r.id.Equal(l.last) })
		fresh, lost = found[i+1:], lost || i < 0
	}
	l.served, l.begun = keys, time.Now()
	if lost {
		for w := range l.watchers {
			if w.forget != nil {
				w.signal(registry.Notice{})
			}
		}
	}
	l.pass(fresh)
	for w := range l.watchers {
		if w.forget == nil && keys[w.key] {
			l.b.serve(l, w)
		}
	}
}

// pass gives watchers their notices. Rings of one key become one notice. Bell.mu is held.
func (l *line) pass(found []stored) {
	notices := map[key]registry.Notice{}
	for _, r := range found {
		l.last = r.id
		n := registry.Notice{For: r.For}
		if earlier, ok := notices[r.key()]; ok {
			n = earlier.And(n)
		}
		notices[r.key()] = n
	}
	for w := range l.watchers {
		if n, ok := notices[w.key]; ok && w.forget != nil {
			w.signal(n)
		}
	}
}

// broke ends all watches of a line, unless the last one has left it.
func (l *line) broke(err error) {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	if l.b.lines[l.slot] != l {
		return
	}
	if l.b.source.Closing.Err() != nil {
		err = registry.ErrClosed
	}
	l.b.lines[l.slot] = nil
	l.b.pauses[l.slot].begin(time.Since(l.begun), err)
	for w := range l.watchers {
		if w.forget == nil {
			w.err = err
			close(w.opened)
			continue
		}
		w.forget()
		w.end()
	}
	clear(l.watchers)
}
