package mongodb

import (
	"sync"
	"time"
)

// clock is the server's clock, as the last answer that had its time showed it.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	seen time.Time // on this machine's clock
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.seen = at, time.Now()
}

// now is never ahead of the server, whose answer was on its way before it was seen.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(time.Since(c.seen))
}
