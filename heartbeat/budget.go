package heartbeat

import "time"

// budget bounds how often something is done: a number of times at once, and as often
// again over a span. It is the generic cell rate algorithm of ITU-T I.371.
type budget struct {
	full time.Duration // the local instant at which the whole budget is there again
}

// spend takes one of the number that the span allows, and reports whether there was one.
func (b *budget) spend(now, span time.Duration, number int) bool {
	if now < b.next(span, number) {
		return false
	}
	b.full = max(b.full, now) + span/time.Duration(number)
	return true
}

// next returns the instant from which there is one to spend.
func (b *budget) next(span time.Duration, number int) time.Duration {
	return b.full + span/time.Duration(number) - span
}
