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

// consider takes note that the request made at this time was considered. beat is when the
// beat was sent from whose answer this instance knows the registry's clock. If it was sent
// after the request was seen, the request is settled. The answer to an earlier beat may
// show a clock that was wrong, or that was set since. A settled request is not considered
// again, because it would look new after the clock is set back.
func (r handoverRequest) consider(at time.Time, now, beat time.Duration) handoverRequest {
	r = r.noticed(at, now)
	r.settled = r.settled || beat > r.seen
	return r
}

// noticed takes note of the request made at this time, which is not considered yet.
func (r handoverRequest) noticed(at time.Time, now time.Duration) handoverRequest {
	if !r.at.Equal(at) {
		r = handoverRequest{at: at, seen: now}
	}
	return r
}

// knownFor returns for how long the request made at this time has been known.
func (r handoverRequest) knownFor(at time.Time, now time.Duration) time.Duration {
	if !r.at.Equal(at) || r.seen == 0 {
		return 0
	}
	return now - r.seen
}

// isSettled reports whether the request made at this time was considered for good.
func (r handoverRequest) isSettled(at time.Time) bool { return r.settled && r.at.Equal(at) }
