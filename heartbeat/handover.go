package heartbeat

import "time"

// handoverRequest is what the holder of a term has noted of the latest request to hand
// over. The date of the request identifies it. decideActive in decide.go decides whether
// to follow it.
type handoverRequest struct {
	at      time.Time
	seen    time.Duration // the local instant at which it was first seen
	settled bool          // it was considered for good
}

// consider takes note that the request of a date was considered, by the registry's
// clock as the beat that was sent at an instant told it. A beat from after the request
// was seen settles it. One from before may tell of a clock that was wrong, or has
// stepped since. A settled request is not considered again: by a clock that is set
// back, it would be new again.
func (r handoverRequest) consider(at time.Time, now, beat time.Duration) handoverRequest {
	if !r.at.Equal(at) {
		r = handoverRequest{at: at, seen: now}
	}
	r.settled = r.settled || beat > r.seen
	return r
}

// isSettled reports whether the request of a date was considered for good.
func (r handoverRequest) isSettled(at time.Time) bool { return r.settled && r.at.Equal(at) }
