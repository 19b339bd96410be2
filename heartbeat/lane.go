package heartbeat

import "time"

// lane is a line of calls to the registry, of which one at a time is under way.
// The beat has a lane of its own, which is machine.beating.
type lane struct {
	busy call          // seq 0: none
	next time.Duration // no call before, after one has failed
	then *call         // to be made as soon as nothing is under way
}

// free reports whether a call may be made now.
func (l *lane) free(now time.Duration) bool { return l.busy.seq == 0 && now >= l.next }

// take is the call to be made next, if one was asked for.
func (l *lane) take() *call {
	c := l.then
	l.then = nil
	return c
}

// drop waits no more for the call that is under way: its answer will not count.
func (l *lane) drop() { l.busy = call{} }

// aside reports whether calls of a kind go aside, on the lane of what may wait: the
// hints, and what is history already. They take turns among themselves, and hold
// up nothing that the election waits for.
func (c call) aside() bool {
	switch c.kind {
	case callCandidate, callSilent:
		return true
	case callDeleteOrphan:
		return c.number == 0 // a passive one
	case callEndTerm, callUnregister:
		return c.past
	}
	return false
}
