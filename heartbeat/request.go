package heartbeat

import "time"

// request is what the holder of a term has noted of the latest request to hand
// over, by its date.
type request struct {
	at   time.Time
	seen time.Duration // when it was first seen
	done bool          // it was judged for good
}

// judge takes note that the request of a date was judged, by the registry's clock
// as it was at a beat. It is judged for good by a beat that was sent after it was
// seen: a beat from before may tell of a clock that was wrong, or has stepped
// since. And not again later: by a clock that is set back, it would be new again.
func (r request) judge(at time.Time, now, beat time.Duration) request {
	if !r.at.Equal(at) {
		r = request{at: at, seen: now}
	}
	r.done = r.done || beat > r.seen
	return r
}

// settled is the date of the request, if it was judged for good.
func (r request) settled() time.Time {
	if r.done {
		return r.at
	}
	return time.Time{}
}
