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
	readers map[chan struct{}]func() bool
}

func newNotices() *notices {
	return &notices{idle: make(chan struct{}), readers: map[chan struct{}]func() bool{}}
}

// add returns a channel for one more reader, until ctx ends; nil if it is too late.
func (n *notices) add(ctx context.Context) <-chan struct{} {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return nil
	}
	ch := make(chan struct{}, 1)
	n.readers[ch] = context.AfterFunc(ctx, func() { n.remove(ch) })
	return ch
}

func (n *notices) remove(ch chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return
	}
	close(ch)
	delete(n.readers, ch)
	if len(n.readers) == 0 {
		n.over = true
		close(n.idle)
	}
}

// send gives each reader a notice.
func (n *notices) send() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ch := range n.readers {
		select {
		case ch <- struct{}{}:
		default: // one is waiting to be received
		}
	}
}

// end closes the channels of all readers.
func (n *notices) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	for ch, forget := range n.readers {
		forget()
		close(ch)
	}
	n.readers = nil
}
