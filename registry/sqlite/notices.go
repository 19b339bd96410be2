package sqlite

import (
	"context"
	"sync"
)

// notices is the one watch of a registry, shared by all who asked for one: a user
// may have a hundred and some of them, for all programs together.
type notices struct {
	idle chan struct{} // closed when the last reader has left

	mu      sync.Mutex
	over    bool // nobody can be added any more
	readers map[*reader]struct{}
}

// reader is one who watches a group.
type reader struct {
	group  string
	ch     chan struct{}
	forget func() bool
	known  bool // whether state is
	state  string
}

func newNotices() *notices {
	return &notices{idle: make(chan struct{}), readers: map[*reader]struct{}{}}
}

// add returns a channel for one more reader, until ctx ends; nil if it is too late.
func (n *notices) add(ctx context.Context, group string) <-chan struct{} {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return nil
	}
	r := &reader{group: group, ch: make(chan struct{}, 1)}
	r.forget = context.AfterFunc(ctx, func() { n.remove(r) })
	n.readers[r] = struct{}{}
	return r.ch
}

func (n *notices) remove(r *reader) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return
	}
	close(r.ch)
	delete(n.readers, r)
	if len(n.readers) == 0 {
		n.over = true
		close(n.idle)
	}
}

// groups are those that somebody watches.
func (n *notices) groups() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	groups := map[string]bool{}
	for r := range n.readers {
		groups[r.group] = true
	}
	return groups
}

// send gives a notice to each reader whose group is in another state than at the
// notice before, or in one that is not known.
func (n *notices) send(states map[string]string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for r := range n.readers {
		state, known := states[r.group]
		if known && r.known && state == r.state {
			continue
		}
		r.state, r.known = state, known
		select {
		case r.ch <- struct{}{}:
		default: // one is waiting to be received
		}
	}
}

// end closes the channels of all readers.
func (n *notices) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	for r := range n.readers {
		r.forget()
		close(r.ch)
	}
	n.readers = nil
}
