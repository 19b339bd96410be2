package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// sweepEvery is how often this instance searches for orphans among the others, while it
// is active, or while somebody's claim keeps it from becoming active.
func (m *machine) sweepEvery() time.Duration {
	return max(3*m.timing.Interval, m.timing.OrphanAfter/10)
}

// search returns the search for silent instances, if it is due; otherwise nil.
func (m *machine) search() *request {
	if !m.tenure.active() && !m.vacancy.claimed || !m.backlog.sweepDue(m.now) {
		return nil
	}
	m.backlog.sweepAt(m.now + m.sweepEvery())
	r := &request{kind: kindSilent}
	r.time, r.within = m.registration.recently(m.now, m.timing.Interval)
	return r
}

// sweep takes the answer to that search, and has the orphans deleted one by one.
func (m *machine) sweep(a answer) {
	if a.err != nil && !registry.Unreadable(a.err) {
		return
	}
	complete := a.err == nil && len(a.silent) < registry.MaxSilent
	orphans := m.observations.observeSilent(a.silent, complete, m.registration.id, m.registration.registryTime(m.now), m.timing, m.now)
	var list []request
	for _, in := range orphans {
		list = append(list, request{kind: kindDeleteOrphan, id: in.ID, beat: in.Beat})
	}
	m.backlog.deleteOrphans(list)
}

// swept logs that an orphan was deleted. If it may have been a claimant, the group is to
// be read again, since this instance may be able to take over now.
func (m *machine) swept(id uuid.UUID) {
	o := m.observations.claimant
	if id != o.id {
		if !m.vacancy.claimed {
			m.act(note{fact: factSwept, holder: id})
			return
		}
		o = m.observations.passives[id]
	}
	m.schedule.reading.changed()
	m.act(note{fact: factDeposed, holder: id, lasts: m.now - o.since})
}
