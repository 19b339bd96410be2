package scheduler

import "time"

const (
	firstPause = 100 * time.Millisecond // after a call that failed
	maxPause   = 5 * time.Second
)

// calls are the requests to the store of which one at a time is in flight.
type calls map[kind]*call

// call is the state of such a request.
type call struct {
	inFlight bool
	wanted   bool          // it is to be made, as soon as it may
	pause    time.Duration // after the last failure; 0: the last one succeeded
	retryAt  time.Duration // the local instant before which it is not made again
}

func (c calls) of(k kind) *call {
	if c[k] == nil {
		c[k] = &call{}
	}
	return c[k]
}

// ready reports whether a request may be made now.
func (c *call) ready(now time.Duration) bool { return !c.inFlight && now >= c.retryAt }

// begin takes note that it is made.
func (c *call) begin() { c.inFlight, c.wanted = true, false }

// end takes note of its answer. A request that failed is wanted again.
func (c *call) end(now time.Duration, failed bool) {
	c.inFlight = false
	if !failed {
		c.pause = 0
		return
	}
	c.wanted = true
	c.pause = min(max(2*c.pause, firstPause), maxPause)
	c.retryAt = now + c.pause
}
