package heartbeat

import "time"

// budget bounds how often something is done, whatever asks for it: so many times
// at once, and again as time passes. It is the generic cell rate algorithm of
// ITU-T I.371.
type budget struct {
	full time.Duration // the instant at which nothing of it is used up
}

// spend takes one of the given number that the span allows, and reports whether
// there was one.
func (b *budget) spend(now, span time.Duration, number int) bool {
	if now < b.next(span, number) {
		return false
	}
	b.full = max(b.full, now) + span/time.Duration(number)
	return true
}

// next is the instant from which there is one to spend.
func (b *budget) next(span time.Duration, number int) time.Duration {
	return b.full + span/time.Duration(number) - span
}
