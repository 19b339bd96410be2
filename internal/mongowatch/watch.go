// Package mongowatch shares one change stream among all watches of a kind of records. The
// registry has one for its terms, and the records of jobs have another one.
package mongowatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/internal/mongoconn"
)

// Source says what is watched.
type Source struct {
	// Of is what is watched: records whose _id has the field group.
	Of Aggregator
	// Match selects changes; empty: all.
	Match bson.D
	// Hello asks the server what it is.
	Hello func(ctx context.Context) (mongoconn.Hello, error)
	// Every is the shortest span between two notices, but for a burst.
	Every time.Duration
	// Spawn runs f on a goroutine whose end Close of the registry awaits, and Closing ends
	// when the registry is closed.
	Spawn   func(f func()) error
	Closing context.Context
}

// Watches are the watches of a source. They share one change stream, and thus one
// connection. It is opened for the first of them and closed after the last.
type Watches struct {
	source   Source
	mu       sync.Mutex
	watchers map[*watcher]bool
	stream   *stream // nil if none is open or being opened
	pause    pause
}

// New returns the watches of a source, of which there are none yet.
func New(source Source) *Watches {
	return &Watches{source: source, watchers: map[*watcher]bool{}}
}

// Watch returns a channel that receives after changes of a group, until ctx ends or the
// stream breaks; then it is closed. After a stream broke, Watch returns an error for a
// while, without asking the server. That while grows with each stream that breaks.
func (h *Watches) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	w := &watcher{group: group, changes: make(chan struct{}, 1)}
	s, err := h.join(ctx, w)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-s.opened:
		case <-ctx.Done():
			h.part(w)
			return nil, ctx.Err()
		}
		h.mu.Lock()
		served, current := h.watchers[w], h.stream
		if served && s.err == nil {
			w.forget = context.AfterFunc(ctx, func() { h.part(w) })
		}
		h.mu.Unlock()
		switch {
		case s.err == nil:
			return w.changes, nil
		case !served:
			return nil, s.err
		}
		s = current // it replaced s while s was being opened
	}
}

// watcher watches a group, for one call of Watch.
type watcher struct {
	group   string
	changes chan struct{}
	forget  func() bool // cancels that the watch ends with its context
}

// signal announces a change. If the last notice was not received yet, it announces this
// change as well.
func (w *watcher) signal() {
	select {
	case w.changes <- struct{}{}:
	default:
	}
}

// join adds a watcher and returns the stream that serves it. The stream is opened if
// there is none for the group of the watcher.
func (h *Watches) join(ctx context.Context, w *watcher) (*stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stream
	if s == nil || s.group != "" && s.group != w.group {
		if err := h.pause.over(); s == nil && err != nil {
			return nil, err
		}
		wider := newStream(h.source.Closing, w.group, s)
		if err := h.source.Spawn(func() { h.run(wider) }); err != nil {
			wider.cancel()
			return nil, err
		}
		s, h.stream = wider, wider
	}
	h.watchers[w] = true
	w.signal() // something may have changed while it joined
	return s, nil
}

// part removes a watcher. The stream ends with the last of them.
func (h *Watches) part(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.watchers[w] {
		return
	}
	delete(h.watchers, w)
	close(w.changes)
	if len(h.watchers) == 0 && h.stream != nil {
		h.stream.cancel()
		h.stream = nil
	}
}

// notify signals the watchers of a group, or all of them if the group is empty.
func (h *Watches) notify(group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if group == "" || w.group == group {
			w.signal()
		}
	}
}

// broke ends all watches after a stream broke, unless another serves them by now.
func (h *Watches) broke(s *stream, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stream != s {
		return
	}
	h.stream = nil
	for w := range h.watchers {
		close(w.changes)
		if w.forget != nil {
			w.forget()
		}
	}
	clear(h.watchers)
	h.pause.begin(time.Since(s.begun), err)
}

// pause is the time after a stream broke in which none is opened.
type pause struct {
	length time.Duration
	until  time.Time
	why    error // why the stream broke
}

const (
	shortestPause = time.Second
	longestPause  = time.Minute
)

// begin begins a pause that is twice as long as the last one. It begins again with the
// shortest one after a stream that lasted longer than the longest pause.
func (p *pause) begin(lasted time.Duration, why error) {
	if lasted > longestPause {
		p.length = 0
	}
	p.length = min(max(2*p.length, shortestPause), longestPause)
	p.until, p.why = time.Now().Add(p.length), why
}

// over returns an error while the pause lasts.
func (p *pause) over() error {
	if left := time.Until(p.until); left > 0 {
		return fmt.Errorf("the change stream broke, and is not tried for another %v: %w", left.Round(time.Millisecond), p.why)
	}
	return nil
}
