package mongodb

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Watch implements [registry.Registry]. All watches of a registry share one change
// stream, and thus one connection. It is opened for the first of them and closed after
// the last. After a stream broke, Watch returns an error for a while, without asking the
// server. That while grows with each stream that breaks.
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
		s = current // it replaced s while s was being opened
	}
}

// watching is the stream of a registry and the watchers that it serves.
type watching struct {
	mu       sync.Mutex
	watchers map[*watcher]bool
	stream   *stream // nil if none is open or being opened
	pause    pause
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
	w.signal() // something may have changed while it joined
	return s, nil
}

// part removes a watcher. The stream ends with the last of them.
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

// notify signals the watchers of a group, or all of them if the group is empty.
func (h *watching) notify(group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if group == "" || w.group == group {
			w.signal()
		}
	}
}

// broke ends all watches after a stream broke, unless another serves them by now.
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
