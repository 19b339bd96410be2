package sqlitefile

import (
	"context"
	"sync"
)

// StateFunc returns a text that is another one after every change that a watcher
// waits for.
type StateFunc func(c *Conn) (string, error)

// notices is the one watch of a file, shared by all that asked for one. The system
// offers a user a hundred and some of them, for all programs together.
type notices struct {
	idle chan struct{} // closed when the last watcher has left

	mu       sync.Mutex
	over     bool // no watcher can be added any more
	watchers map[*watcher]struct{}
}

// watcher waits for changes of one state.
type watcher struct {
	topic  string
	state  StateFunc
	ch     chan struct{}
	forget func() bool
	known  bool // whether latest was read
	latest string
}

func newNotices() *notices {
	return &notices{idle: make(chan struct{}), watchers: map[*watcher]struct{}{}}
}

// add returns the channel of one more watcher, until ctx ends. It is nil if the
// watch has ended.
func (n *notices) add(ctx context.Context, topic string, state StateFunc) <-chan struct{} {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return nil
	}
	w := &watcher{topic: topic, state: state, ch: make(chan struct{}, 1)}
	w.forget = context.AfterFunc(ctx, func() { n.remove(w) })
	n.watchers[w] = struct{}{}
	return w.ch
}

func (n *notices) remove(w *watcher) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return
	}
	close(w.ch)
	delete(n.watchers, w)
	if len(n.watchers) == 0 {
		n.over = true
		close(n.idle)
	}
}

// of returns the watchers of this instant whose topic is a concern.
func (n *notices) of(concern func(topic string) bool) (list []*watcher) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.watchers {
		if concern(w.topic) {
			list = append(list, w)
		}
	}
	return list
}

// send gives a notice to each of some watchers whose state is another one than at the
// notice before, or is not known.
func (n *notices) send(watchers []*watcher, states map[*watcher]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range watchers {
		if _, stays := n.watchers[w]; !stays {
			continue
		}
		state, known := states[w]
		if known && w.known && state == w.latest {
			continue
		}
		w.latest, w.known = state, known
		select {
		case w.ch <- struct{}{}:
		default: // a notice waits to be received already
		}
	}
}

// end closes the channels of all watchers.
func (n *notices) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	for w := range n.watchers {
		w.forget()
		close(w.ch)
	}
	n.watchers = nil
}
