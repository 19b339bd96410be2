package scheduler

import (
	"cmp"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// inQueue compares two runs by the order in which they are started.
func inQueue(a, b *store.Run) int {
	return cmp.Or(b.Priority-a.Priority, a.Due.Compare(b.Due), strings.Compare(a.Job, b.Job), strings.Compare(a.Run, b.Run))
}

// dueLimit is how many runs that are due are read at a time.
func (m *machine) dueLimit() int { return min(2*m.maxRuns, store.MaxPage) }

// askDue asks for waiting runs that are due, if one can be started and there may be one.
func (m *machine) askDue() {
	c := m.calls.of(kindDue)
	if !m.nextDue.IsZero() && !m.nextDue.After(m.now()) {
		c.wanted = true
	}
	if c.wanted && m.mayBegin() && c.ready(m.local) {
		m.stale = false
		m.ask(request{kind: kindDue, now: m.now(), except: m.blockedJobs(), limit: m.dueLimit()})
	}
}

// due takes a page of the runs that are due, in the order in which they are to be started.
func (m *machine) due(a answer) {
	m.nextDue, m.backlog = a.next, false
	if m.phase != working {
		return
	}
	m.forgetAhead(a.request.except)
	before := len(m.list) + len(m.held)
	for _, r := range a.runs {
		if m.free() <= 0 {
			m.backlog = true
			m.calls.want(kindDue) // as soon as a run has ended
			return
		}
		m.take(r, false)
		if j := m.job(r.Job); !m.stale && m.runs[r.Key] == nil && j.goesOn() {
			m.keep(j, r, a.next)
		}
	}
	// Each run of a full page has begun, has ended, or holds its job back, so the next page
	// is another one.
	if len(a.runs) >= a.request.limit {
		m.calls.want(kindDue)
		if len(m.list)+len(m.held) == before { // their ends are being recorded
			m.calls.of(kindDue).notUntil = m.local + 50*time.Millisecond
		}
	}
}

// take claims a run that waits and is due, if its job lets it begin. A run whose turn it is
// was asked for by its key.
func (m *machine) take(r store.Run, turn bool) {
	now := m.now()
	j := m.job(r.Job) // of one that is not defined, nothing is asked for any more
	if r.Attempt > 0 {
		if _, ok := j.ids[r.Run]; !ok {
			m.noteRetry(r)
		}
	}
	if !j.defined || m.runs[r.Key] != nil || r.Due.After(now) {
		return
	}
	if r.Cancel != nil { // somebody wanted that while the end of its attempt was recorded
		m.settle(r, ended(j.Definition, r, store.Cancelled, now, cancelRemark(r.Cancel)))
		return
	}
	if why := m.outdated(j, r, now); why != "" {
		m.settle(r, unstarted(j.Definition, r, now, why))
		return
	}
	if next, ok := m.overtaken(j, r, now); ok {
		m.settle(r, next)
		return
	}
	if !m.mayBegin() || turn && j.busy > 0 || !turn && !m.mayTake(j, r) {
		return
	}
	if byWill(r) && r.Failures+r.Interruptions > 0 { // nobody has had it started again since
		m.act(outcome{r})
	}
	m.add(&run{record: r, asked: r.Version(), next: m.begin(r, now)}, taking)
}
