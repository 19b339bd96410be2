package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxConns is how many connections may be open, where this process may have
// enough files open. A flood would take the heartbeat's file descriptors.
const maxConns = 500

// bodyLimit is what the body of a request gets to arrive. Nobody needs one.
const bodyLimit = time.Second

// connections are those that are open. Above the limit, the one in which nothing
// has begun or ended for the longest time is closed, so that nobody keeps a probe
// out: not by connections without a request, nor by requests that do not end.
// Viewers are spared, for they have a limit of their own.
type connections struct {
	mu    sync.Mutex
	limit int
	open  map[net.Conn]*connection
	clock int64 // counts changes
}

type connection struct {
	since  int64 // in this state
	busy   bool  // with a request
	spared bool
}

// connLimit is how many connections a process may have that may have that many
// files open: half of them, for the registry and the guard need some, too.
func connLimit(files uint64) int {
	return int(max(min(files/2, maxConns), 1))
}

// viewerLimit is how many of that many connections may be viewers'.
func viewerLimit(conns int) int { return min(conns/2, maxViewers) }

// changed is told of each change by net/http.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if victim := c.note(conn, state); victim != nil {
		_ = victim.Close()
	}
}

// note returns the connection to close, if there are too many.
func (c *connections) note(conn net.Conn, state http.ConnState) (victim net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	switch state {
	case http.StateNew:
		c.open[conn] = &connection{since: c.clock}
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	default:
		if now, ok := c.open[conn]; ok { // else it was closed, and does not know yet
			now.since, now.busy = c.clock, state == http.StateActive
		}
	}
	if len(c.open) <= c.limit {
		return nil
	}
	for candidate, is := range c.open {
		if !is.spared && (victim == nil || is.since < c.open[victim].since) {
			victim = candidate
		}
	}
	delete(c.open, victim)
	return victim
}

// close closes those without a request under way.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, is := range c.open {
		if !is.busy {
			_ = conn.Close()
		}
	}
}

type connKey struct{}

// known is the context of a connection's requests.
func known(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// spare spares the connection of a request from being closed, or no longer.
func (c *connections) spare(ctx context.Context, yes bool) {
	conn, _ := ctx.Value(connKey{}).(net.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if is, ok := c.open[conn]; ok {
		c.clock++
		is.since, is.spared = c.clock, yes
	}
}

// unburdened does not wait for a body for long: net/http reads what is left of
// one before it takes the connection's next request.
func unburdened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 { // or not known
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyLimit))
		}
		next.ServeHTTP(w, r)
	})
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}
