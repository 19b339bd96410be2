package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// vacancy is a group without an active instance, or with one that is an orphan, for
// as long as it stays so. Instants are local.
//
// The machine writes it when a view, the search for the senior or for a claimant, or
// the insert of a term is answered.
type vacancy struct {
	found bool          // there is one
	last  registry.View // what was seen when it was found
	since time.Duration // when it was found
	asked bool          // the registry was asked who is senior, and has answered

	claimed bool // a record claims a later term, or did when this instance wanted to take over

	taken   bool          // an insert has shown that the next term is taken
	takenAt time.Duration // when that was known
}

// is reports whether the vacancy after the term of a number is still there.
func (v *vacancy) is(number int64) bool { return v.found && v.last.Number() == number }

// begin finds a vacancy in a view.
func (v *vacancy) begin(last registry.View, now time.Duration) {
	*v = vacancy{found: true, last: last, since: now}
}

// end takes note that there is no vacancy.
func (v *vacancy) end() { *v = vacancy{} }

// seniorAsked takes note that the registry has said who is senior.
func (v *vacancy) seniorAsked() { v.asked = true }

// claim takes note that somebody claims a later term.
func (v *vacancy) claim() { v.claimed = v.found }

// termTaken takes note that the next term is taken, by this instance or by a peer.
func (v *vacancy) termTaken(now time.Duration) {
	if !v.taken {
		v.taken, v.takenAt = true, now
	}
}

// unseenFor returns for how long views have not shown the term that was taken. ok is
// false if this view, which was sent at an instant, does not have to show it.
func (v *vacancy) unseenFor(number int64, sent, now time.Duration) (span time.Duration, ok bool) {
	if !v.is(number) || !v.taken || sent < v.takenAt {
		return 0, false
	}
	return now - v.takenAt, true
}

// competeAt is when the candidate of a UUID competes for the vacancy without being
// senior. It leaves one interval to the senior; the candidates spread over the next.
func (v *vacancy) competeAt(id uuid.UUID, interval time.Duration) time.Duration {
	return v.since + interval + partOf(interval, id)
}

// neglected reports whether the vacancy has lasted so long that nobody leaves it to
// others any more.
func (v *vacancy) neglected(now, orphanAfter time.Duration) bool {
	return v.found && now-v.since >= orphanAfter
}
