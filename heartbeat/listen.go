package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// wakesPerSpan bounds, per budgetSpan, the views that notices cause. It is half of all views,
// so that a flood of rings leaves the election its own.
const wakesPerSpan = viewsPerSpan / 2

// listens reports whether this instance has to hear at once what happens: it is the active
// one, or it may be soon, since its record is marked or it has found out that it comes next.
// Both count until a later term.
func (m *machine) listens() bool {
	r, latest := &m.registration, m.observations.highest
	return m.phase == member && (m.tenure.active() || r.mark > 0 && r.mark >= latest || m.place.comesNext(latest, m.now))
}

// listen begins or ends to listen, if that has changed.
func (m *machine) listen() {
	switch want := m.listens(); {
	case want == m.bell.listens():
	case want:
		m.schedule.reading.by(m.now) // this instance has read the group seldom until now
		m.act(listen{m.bell.begin()})
	default:
		m.bell.end()
		m.schedule.reading.unwatched()
		m.act(listen{})
	}
}

// watchChanged takes note of whether the registry announces changes from now on.
func (m *machine) watchChanged(e watching) {
	if !m.bell.listens() || e.number != m.bell.number {
		return
	}
	m.schedule.reading.watched(e.up)
	if e.up {
		m.successor.mayHaveGone(m.now)
	} else {
		m.successor.by(m.now + m.successorEvery())
	}
}

// wake takes a notice. Whoever it names reads the group at once. Everybody else does so
// after a part of an interval, which depends on the UUID, so that the one that is named has
// a head start and one change does not have the group read by all at once. The active one
// also searches for its successor, whose registration may have ended.
func (m *machine) wake(e woken) {
	reading, span := &m.schedule.reading, budgetSpan(m.timing)
	switch {
	case !m.bell.wakes.spend(m.now, span, wakesPerSpan):
		reading.by(m.bell.wakes.next(span, wakesPerSpan))
	case e.who == uuid.Nil, e.who == m.registration.id:
		reading.changed()
	default:
		reading.by(m.now + partOf(m.timing.Interval, m.registration.id))
	}
	m.successor.mayHaveGone(m.now)
}

// partOf returns the part of an interval by which the instance of a UUID is later than others.
// The last bits of a UUID are random in every version.
func partOf(interval time.Duration, id uuid.UUID) time.Duration {
	var tail uint32
	for _, b := range id[12:] {
		tail = tail<<8 | uint32(b)
	}
	return time.Duration(float64(interval) * (float64(tail) / (1 << 32)))
}
