package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// registration is what this process knows of its own record in the registry: its
// UUID, the lease that the beats of the record renew, and the registry's clock as the
// answers to the beats showed it. Instants are local unless they are a time.Time.
//
// The machine writes it when it registers, when it sends a beat and when a beat is
// answered.
type registration struct {
	id     uuid.UUID     // uuid.Nil: not registered
	spent  bool          // the lease was given up: never beat under this UUID again
	joined time.Time     // the registry's time at the first registration of this process
	joinBy time.Duration // until when the first registration must succeed; 0: any time

	lease time.Duration // D, the end of the lease: the latest one over all acknowledged beats
	acked time.Duration // when the latest of the acknowledged beats was sent

	beating  int64         // the sequence number of the beat that is under way; 0: none
	nextBeat time.Duration // when the next beat is due

	// The registry's time, from the answer that arrived last, and the local
	// instant at which the beat of that answer was sent.
	clock   time.Time
	clockAt time.Duration

	mark int64 // in the record, as the latest answer showed it, see registry.Mark
}

// newRegistration returns that of a process which has the given time for its first
// registration; 0 or less: any.
func newRegistration(now, joinTimeout time.Duration) registration {
	if joinTimeout <= 0 {
		return registration{}
	}
	return registration{joinBy: now + joinTimeout}
}

// begin takes the acknowledgement of a registration under a new UUID. It counts as
// the first beat.
func (r *registration) begin(id uuid.UUID, sent time.Duration, at time.Time, interval time.Duration) {
	r.id, r.joinBy = id, 0
	if r.joined.IsZero() {
		r.joined = at
	}
	r.nextBeat = sent + interval
}

// renew takes the acknowledgement of a beat, and reports whether it makes the lease
// longer. The lease counts from the instant at which the beat was sent.
func (r *registration) renew(sent time.Duration, at time.Time, lease time.Duration) bool {
	r.clock, r.clockAt, r.acked = at, sent, max(r.acked, sent)
	until := sent + lease
	if until <= r.lease {
		return false
	}
	r.lease = until
	return true
}

// marked takes the mark in the record.
func (r *registration) marked(term int64) { r.mark = term }

// everybodyListens reports whether everybody should listen to the bell.
func (r *registration) everybodyListens() bool { return registry.Ack{Listen: r.mark}.Everybody() }

// giveUp makes sure that this UUID never beats again.
func (r *registration) giveUp() { r.spent = true }

// end forgets the UUID and its lease, but neither the registry's clock nor when this
// process joined.
func (r *registration) end() {
	r.id, r.lease, r.beating, r.spent, r.mark = uuid.Nil, 0, 0, false, 0
}

// holdsLease reports whether there is a lease that further beats may renew.
func (r *registration) holdsLease(now time.Duration) bool {
	return !r.spent && r.id != uuid.Nil && now < r.lease
}

// mayAct reports whether the lease lasts until D − G: only then may an instance begin
// a term, start work, or delete an orphan.
func (r *registration) mayAct(now, grace time.Duration) bool { return now < r.lease-grace }

// lapsed reports whether the lease has ended.
func (r *registration) lapsed(now time.Duration) bool { return now >= r.lease }

// unacknowledged reports whether no beat that was sent within the given span was
// acknowledged, so that peers may have deleted the record as an orphan.
func (r *registration) unacknowledged(now, orphanAfter time.Duration) bool {
	return now >= r.acked+orphanAfter
}

// beatDue reports whether it is time for the next beat. One is under way at a time.
func (r *registration) beatDue(now time.Duration) bool { return r.beating == 0 && now >= r.nextBeat }

// beatSent takes note of the beat that was sent now.
func (r *registration) beatSent(seq int64, now, interval time.Duration) {
	r.beating, r.nextBeat = seq, now+interval
}

// beatAnswered takes note that no answer to a beat is waited for any more.
func (r *registration) beatAnswered(seq int64) {
	if seq == r.beating {
		r.beating = 0
	}
}

// beatAtOnce makes the next beat due, so that the record shows a new status.
func (r *registration) beatAtOnce(now time.Duration) { r.nextBeat = now }

// registryTime returns the registry's time at a local instant, counted on from the
// latest answer.
func (r *registration) registryTime(now time.Duration) time.Time {
	return r.clock.Add(now - r.clockAt)
}

// recently returns the span of the registry's time in which everyone who is alive has
// beaten: around the given time, by no more than within. It begins three intervals
// before this instance's own latest beat, since nobody may have reached the registry
// in between, and ends three intervals from now.
func (r *registration) recently(now, interval time.Duration) (around time.Time, within time.Duration) {
	half := (now - r.clockAt) / 2
	return r.clock.Add(half), half + 3*interval
}

// joinTimeout returns the timeout of the next try to register, so that it ends with
// the time that the first registration has.
func (r *registration) joinTimeout(now, usual time.Duration) time.Duration {
	if r.joinBy > now {
		return min(usual, r.joinBy-now)
	}
	return usual
}

// joinExpired reports whether the first registration has taken too long.
func (r *registration) joinExpired(now time.Duration) bool { return r.joinBy > 0 && now >= r.joinBy }
