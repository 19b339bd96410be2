package mongodb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Watch implements [registry.Registry]. All watches of a registry share one
// change stream, and thus one connection: it is opened for the first of them and
// closed after the last. After one that broke, Watch returns an error for a
// while that grows, without a word to the server.
func (r *Registry) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	w := &watcher{group: group, changes: make(chan struct{}, 1)}
	s, err := r.join(ctx, w)
	if err != nil {
		return nil, wrap(ctx, "watch", err)
	}
	h := &r.watching
	for {
		select {
		case <-s.opened:
		case <-ctx.Done():
			r.part(w)
			return nil, wrap(ctx, "watch", ctx.Err())
		}
		h.mu.Lock()
		served, current := h.watchers[w], h.stream
		if served && s.err == nil {
			w.forget = context.AfterFunc(ctx, func() { r.part(w) })
		}
		h.mu.Unlock()
		switch {
		case s.err == nil:
			return w.changes, nil
		case !served:
			return nil, wrap(ctx, "watch", s.err)
		}
		s = current // which replaced it while it was being opened
	}
}

// watching is the one stream of a registry and those that it serves.
type watching struct {
	mu       sync.Mutex
	watchers map[*watcher]bool
	stream   *stream // nil: none is open or being opened
	pause    pause
}

// watcher is one who watches a group.
type watcher struct {
	group   string
	changes chan struct{}
	forget  func() bool // takes back what is to happen at the end of its context
}

// signal tells of a change. One that nobody took yet tells of both.
func (w *watcher) signal() {
	select {
	case w.changes <- struct{}{}:
	default:
	}
}

// join adds a watcher, and returns the stream that tells it of changes, which is
// opened if there is none yet.
func (r *Registry) join(ctx context.Context, w *watcher) (*stream, error) {
	if err := r.mayRead(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h := &r.watching
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stream
	if s == nil || s.group != "" && s.group != w.group {
		if err := h.pause.over(); s == nil && err != nil {
			return nil, err
		}
		wider := newStream(r.closing, w.group, s)
		if err := r.spawn(func() { r.run(wider) }); err != nil {
			wider.cancel()
			return nil, err
		}
		s, h.stream = wider, wider
	}
	if h.watchers == nil {
		h.watchers = map[*watcher]bool{}
	}
	h.watchers[w] = true
	w.signal() // of what changed while it joined
	return s, nil
}

// part ends a watch, and the stream with the last of them.
func (r *Registry) part(w *watcher) {
	h := &r.watching
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

// tell signals all that watch a group; empty: all.
func (h *watching) tell(group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if group == "" || w.group == group {
			w.signal()
		}
	}
}

// broke ends all watches, if the stream is still the one that serves them.
func (h *watching) broke(s *stream, err error) {
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

// pause holds off after a stream that broke.
type pause struct {
	length time.Duration
	until  time.Time
	why    error
}

const (
	shortestPause = time.Second
	longestPause  = time.Minute
)

// begin makes a pause that is twice as long as the last one, unless the stream
// lasted for longer than any pause does.
func (p *pause) begin(lasted time.Duration, why error) {
	if lasted > longestPause {
		p.length = 0
	}
	p.length = min(max(2*p.length, shortestPause), longestPause)
	p.until, p.why = time.Now().Add(p.length), why
}

func (p *pause) over() error {
	if left := time.Until(p.until); left > 0 {
		return fmt.Errorf("the change stream broke, and is not tried for another %v: %w", left.Round(time.Millisecond), p.why)
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
	r.watches.Go(f)
	return nil
}
