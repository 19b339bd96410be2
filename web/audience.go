package web

import (
	"context"
	"sync"
	"time"
)

// audience is all who watch. One goroutine makes the events for all of them, and
// it runs only while there is somebody.
type audience struct {
	event func(context.Context) []byte
	every time.Duration
	limit int

	mu      sync.Mutex
	viewers map[viewer]struct{}
	latest  []byte
	stop    func() // ends the goroutine, and waits for it
}

// viewer receives events. It holds one at most: whoever is slow gets the latest.
type viewer chan []byte

// join adds a viewer, with the latest event at hand if there is one; ok is false
// if there are too many.
func (a *audience) join() (v viewer, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.viewers) >= a.limit {
		return nil, false
	}
	v = make(viewer, 1)
	if len(a.viewers) == 0 {
		a.viewers, a.latest = map[viewer]struct{}{}, nil
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		a.stop = func() { cancel(); <-over }
		go func() {
			defer close(over)
			a.run(ctx)
		}()
	}
	a.viewers[v] = struct{}{}
	if a.latest != nil {
		v <- a.latest
	}
	return v, true
}

// leave removes a viewer. With the last one the goroutine has ended.
func (a *audience) leave(v viewer) {
	a.mu.Lock()
	delete(a.viewers, v)
	last, stop := len(a.viewers) == 0, a.stop
	a.mu.Unlock()
	if last {
		stop()
	}
}

func (a *audience) run(ctx context.Context) {
	tick := time.NewTicker(a.every)
	defer tick.Stop()
	for {
		a.show(ctx, a.event(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *audience) show(ctx context.Context, event []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ctx.Err() != nil { // those who watch now have another goroutine
		return
	}
	a.latest = event
	for v := range a.viewers {
		select {
		case <-v:
		default:
		}
		v <- event
	}
}
