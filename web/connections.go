package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxConns is how many connections may be open if this process may have enough files
// open. Without a limit, a flood of connections would use up the file descriptors that
// the heartbeat needs.
const maxConns = 500

// bodyLimit is how long a request's body may take to arrive. No request needs one.
const bodyLimit = time.Second

// connections are the open ones. If there are too many, the one that has been in its
// state for the longest time is closed. So nobody can keep probes out, neither with
// connections without a request nor with requests that do not end. Clients of /events
// are spared, since they have a limit of their own.
type connections struct {
	mu    sync.Mutex
	limit int
	open  map[net.Conn]*connection
	clock int64 // the number of changes so far
}

type connection struct {
	since  int64 // the clock when it came into its state
	busy   bool  // with a request
	spared bool
}

// connLimit returns how many connections a process may have that may have the given
// number of files open: half as many, since the registry and the guard need some too.
func connLimit(files uint64) int {
	return int(max(min(files/2, maxConns), 1))
}

// clientLimit returns how many of the connections may be those of clients of /events.
func clientLimit(conns int) int { return min(conns/2, maxClients) }

// changed is called by net/http after each change of a connection's state.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if surplus := c.note(conn, state); surplus != nil {
		_ = surplus.Close()
	}
}

// note records a change and returns the connection to close if there are too many.
func (c *connections) note(conn net.Conn, state http.ConnState) (surplus net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	switch state {
	case http.StateNew:
		c.open[conn] = &connection{since: c.clock}
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	default:
		if now, ok := c.open[conn]; ok { // otherwise it was closed as surplus a moment ago
			now.since, now.busy = c.clock, state == http.StateActive
		}
	}
	if len(c.open) <= c.limit {
		return nil
	}
	for candidate, is := range c.open {
		if !is.spared && (surplus == nil || is.since < c.open[surplus].since) {
			surplus = candidate
		}
	}
	delete(c.open, surplus)
	return surplus
}

// closeIdle closes the connections without a request.
func (c *connections) closeIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, is := range c.open {
		if !is.busy {
			_ = conn.Close()
		}
	}
}

type connKey struct{}

// withConn puts a connection into the context of its requests.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// spare keeps the connection of a request from being closed as surplus, or no longer
// does so.
func (c *connections) spare(ctx context.Context, yes bool) {
	conn, _ := ctx.Value(connKey{}).(net.Conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if is, ok := c.open[conn]; ok {
		c.clock++
		is.since, is.spared = c.clock, yes
	}
}

// limitBody bounds how long a request's body may take: net/http reads the rest of it
// before it takes the next request of the connection.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 { // -1: not known
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyLimit))
		}
		next.ServeHTTP(w, r)
	})
}
