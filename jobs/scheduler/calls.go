package scheduler

import "time"

const (
	firstPause = 100 * time.Millisecond // after a call that failed
	maxPause   = 5 * time.Second
)

// spacing is how long after an answer the same request waits, although it is wanted
// again. So many notices cost few calls.
var spacing = map[kind]time.Duration{
	kindJobs:     250 * time.Millisecond,
	kindOpen:     50 * time.Millisecond,
	kindRetrying: 250 * time.Millisecond,
}

// calls are the requests to the store of which one at a time is in flight.
type calls map[kind]*call

// call is the state of such a request.
type call struct {
	inFlight bool
	wanted   bool          // it is to be made, as soon as it may
	pause    time.Duration // after the last failure; 0: the last one succeeded
	notUntil time.Duration // the local instant before which it is not made again
}

func (c calls) of(k kind) *call {
	if c[k] == nil {
		c[k] = &call{}
	}
	return c[k]
}

// want has a request made, as soon as it may.
func (c calls) want(kinds ...kind) {
	for _, k := range kinds {
		c.of(k).wanted = true
	}
}

// ready reports whether a request may be made now.
func (c *call) ready(now time.Duration) bool { return !c.inFlight && now >= c.notUntil }

// begin takes note that it is made.
func (c *call) begin() { c.inFlight, c.wanted = true, false }

// end takes note of its answer. A request that failed is wanted again.
func (c *call) end(now, space time.Duration, failed bool) {
	c.inFlight = false
	if !failed {
		c.pause = 0
		c.notUntil = now + space
		return
	}
	c.wanted = true
	c.pause = longer(c.pause)
	c.notUntil = now + c.pause
}

// longer returns the pause after another failure.
func longer(pause time.Duration) time.Duration { return min(max(2*pause, firstPause), maxPause) }
