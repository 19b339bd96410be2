package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// askDue asks for waiting runs that are due, if one can be started and there may be one.
func (m *machine) askDue() {
	c := m.calls.of(kindDue)
	if !m.nextDue.IsZero() && !m.nextDue.After(m.now()) {
		c.wanted = true
	}
	if c.wanted && m.free() > m.claiming() {
		m.ask(kindDue, request{kind: kindDue, now: m.now(), except: m.blocked()})
	}
}

// take claims waiting runs that are due, in the order in which they are to be started.
func (m *machine) take(list []store.Run, next time.Time) {
	m.nextDue = next
	if m.phase != working {
		return
	}
	for _, r := range list {
		j, mine := m.jobs[r.Job], m.runs[r.Key]
		if m.free() <= m.claiming() {
			m.calls.of(kindDue).wanted = true // as soon as a run has ended
			return
		}
		if j == nil || !j.defined || mine != nil && mine.phase != retrying {
			continue
		}
		if m.busy(r.Job) && (!j.allows() || j.isLate(r)) {
			continue
		}
		m.runs[r.Key] = &run{record: r, phase: taking, asked: r.Version(), next: m.begin(r, m.now())}
	}
}

// taken takes the answer to the claim of a waiting run.
func (m *machine) taken(r *run, a answer) {
	stored := a.stored
	switch {
	case a.err == nil, stored != nil && stored.Term == m.holder.Term && stored.Nonce == r.next.Nonce:
		r.record, r.phase = r.next, claimed
		r.record.Term, r.record.Instance = m.holder.Term, m.holder.Instance
	default: // somebody cancelled it, or a holder before took it late
		delete(m.runs, r.record.Key)
		m.wantNews()
	}
}
