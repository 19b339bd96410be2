package scheduler

import "time"

const (
	// clockStep is by how much the registry's clock may differ from what is reckoned before
	// that counts as a step.
	clockStep = time.Minute
	// agreeingBeats is how many beats in a row have to agree on a clock that stepped.
	agreeingBeats = 10
)

// clock reckons the time of the registry's clock from the beats that were acknowledged.
// A step of that clock is followed only once several beats agree on it.
type clock struct {
	known  bool
	offset time.Duration // of the registry's time, since 1970, to the local instant
	other  time.Duration // the offset of beats that disagree with offset
	agree  int           // how many beats in a row had it; 0: the last beat agreed with offset
}

// beat takes the registry's time from the answer to a beat. It reports whether it follows
// a step now, and by how much. The answer was made at some instant between sending and
// receiving, so it bounds the offset from both sides. The offset moves only as far as that
// requires: an answer that took long changes nothing, and a slot never starts early
// because of it.
func (c *clock) beat(b beat) (step time.Duration, stepped bool) {
	at := time.Duration(b.at.UnixNano())
	low, high := at-max(b.received, b.sent), at-b.sent
	offset := min(max(c.offset, low), high)
	switch {
	case !c.known:
		c.known, c.offset = true, low
		return 0, false
	case near(offset, c.offset):
		c.offset, c.agree = offset, 0
		return 0, false
	case c.agree == 0 || !near(low, c.other):
		c.other, c.agree = low, 1
		return 0, false
	}
	c.other = low
	if c.agree++; c.agree < agreeingBeats {
		return 0, false
	}
	step = low - c.offset
	c.offset, c.agree = low, 0
	return step, true
}

func near(a, b time.Duration) bool { return (a - b).Abs() <= clockStep }

// settled reports whether the registry's time is known, and no step of it is in doubt.
func (c *clock) settled() bool { return c.known && c.agree == 0 }

// at returns the registry's time at a local instant.
func (c *clock) at(local time.Duration) time.Time { return time.Unix(0, int64(c.offset+local)).UTC() }

// local returns the local instant at which the registry's clock shows a time.
func (c *clock) local(at time.Time) time.Duration { return time.Duration(at.UnixNano()) - c.offset }
