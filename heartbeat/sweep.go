package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// sweepEvery is how often the active instance looks for orphans among the
// passive ones.
func (m *machine) sweepEvery() time.Duration { return max(3*m.timing.Interval, m.timing.Slack()) }

// sweep judges the silent ones, one deletion at a time.
func (m *machine) sweep(a answer) {
	silent := make(map[uuid.UUID]sighting, len(a.silent))
	if a.err != nil {
		if !registry.Unreadable(a.err) {
			m.later(a.call)
			return
		}
	}
	if a.err != nil || len(a.silent) >= registry.MaxSilent {
		// Who is not listed may not be readable for now, or may be one too many.
		for id, s := range m.passives {
			if m.now-s.listed < s.silence {
				silent[id] = s
			}
		}
	}
	m.orphans = nil
	for _, in := range a.silent {
		if in.ID == m.id {
			continue
		}
		s := sight(m.passives[in.ID], in, nil, m.clock, m.timing, m.now)
		s.listed = m.now
		silent[in.ID] = s
		if m.now >= s.orphanAt() {
			m.orphans = append(m.orphans, call{kind: callDeleteOrphan, id: in.ID, beat: in.Beat})
		}
	}
	m.passives = silent // whoever is not among them beats, or is gone
}
