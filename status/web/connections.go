package web

import (
	"net"
	"net/http"
	"sync"
)

// maxConns is how many connections may be open. A flood would take the
// heartbeat's file descriptors.
const maxConns = 500

// connections are those that are open. Above the limit, the one that has waited
// longest for a request is closed, so that nobody keeps a probe out by holding
// connections.
type connections struct {
	mu      sync.Mutex
	open    int
	waiting map[net.Conn]int64 // for a request, since when
	clock   int64              // counts changes
}

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
		c.open++
		c.waiting[conn] = c.clock
	case http.StateIdle:
		c.waiting[conn] = c.clock
	case http.StateActive:
		delete(c.waiting, conn)
	case http.StateClosed, http.StateHijacked:
		c.open--
		delete(c.waiting, conn)
	}
	if state != http.StateNew || c.open <= maxConns {
		return nil
	}
	for candidate, since := range c.waiting { // conn itself, if all others are busy
		if victim == nil || since < c.waiting[victim] {
			victim = candidate
		}
	}
	delete(c.waiting, victim)
	return victim
}

// close closes those without a request under way.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.waiting {
		_ = conn.Close()
	}
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}
