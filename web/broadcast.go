package web

import (
	"context"
	"sync"
	"time"
)

// broadcast sends events to all clients of /events. One goroutine makes the events for
// all of them, and it runs only while there is a client.
type broadcast struct {
	event func(context.Context) []byte // makes one event
	every time.Duration
	limit int // of clients

	mu      sync.Mutex
	clients map[client]struct{}
	latest  []byte // event; nil if there is none yet
	stop    func() // ends the goroutine and waits for its end
}

// client receives events. It holds at most one: a client that is slow gets the latest.
type client chan []byte

// join adds a client, which gets the latest event at once if there is one. It returns
// false if there are too many clients.
func (b *broadcast) join() (c client, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.clients) >= b.limit {
		return nil, false
	}
	c = make(client, 1)
	if len(b.clients) == 0 {
		b.clients, b.latest = map[client]struct{}{}, nil
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		b.stop = func() { cancel(); <-ended }
		go func() {
			defer close(ended)
			b.run(ctx)
		}()
	}
	b.clients[c] = struct{}{}
	if b.latest != nil {
		c <- b.latest
	}
	return c, true
}

// leave removes a client. If it was the last one, leave also waits for the goroutine to
// end.
func (b *broadcast) leave(c client) {
	b.mu.Lock()
	delete(b.clients, c)
	last, stop := len(b.clients) == 0, b.stop
	b.mu.Unlock()
	if last {
		stop()
	}
}

func (b *broadcast) run(ctx context.Context) {
	tick := time.NewTicker(b.every)
	defer tick.Stop()
	for {
		b.send(ctx, b.event(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// send gives all clients an event, in place of one that they have not taken yet.
func (b *broadcast) send(ctx context.Context, event []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil { // the clients that are there now belong to another goroutine
		return
	}
	b.latest = event
	for c := range b.clients {
		select {
		case <-c:
		default:
		}
		c <- event
	}
}
