package scheduler

import (
	"maps"
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// retries are the runs of a job that have had an attempt and wait for the next one. Their
// records are in the store; here is only that they exist, since the job is not through
// with them.
type retries struct {
	ids    map[string]retry
	unsure bool          // there may be others: the store is asked
	asOf   time.Duration // unsure: since when
}

// retry is what is known of a run that waits for its next attempt.
type retry struct {
	due   time.Time     // zero: not known yet
	since time.Duration // when it became known
	// unread is how often it could not be understood. In between, the store named it again.
	unread int
}

// maxUnread is how often a run cannot be understood until that is taken to be so for good,
// and not for the moment a fault of the whole store.
const maxUnread = 3

// waits reports whether a run of the job waits for its next attempt, as far as is known.
func (s *retries) waits() bool { return len(s.ids) > 0 || s.unsure }

// oneThatWaits returns the ID of the last of them; empty if there is none.
func (s *retries) oneThatWaits() (last string) {
	for id := range s.ids {
		last = max(last, id)
	}
	return last
}

// nextDue returns which of them is due first, of those of which that is known.
func (s *retries) nextDue() (first string, due time.Time) {
	for id, r := range s.ids {
		if !r.due.IsZero() && (first == "" || r.due.Before(due) || r.due.Equal(due) && id < first) {
			first, due = id, r.due
		}
	}
	return first, due
}

// note takes note of a run that waits for its next attempt.
func (s *retries) note(id string, r retry) {
	if s.ids == nil {
		s.ids = map[string]retry{}
	}
	s.ids[id] = r
}

// noteRetry takes note that a run waits for its next attempt.
func (m *machine) noteRetry(r store.Run) {
	m.job(r.Job).note(r.Run, retry{due: r.Due, since: m.local})
}

// forgetRetry takes note that a run does not wait any more.
func (m *machine) forgetRetry(k store.Key) {
	j := m.jobs[k.Job]
	if j == nil {
		return
	}
	if _, ok := j.ids[k.Run]; !ok {
		return
	}
	delete(j.ids, k.Run)
	if len(j.ids) == 0 { // the store names one of them at a time
		j.unsure, j.asOf = true, m.local
		m.calls.want(kindRetrying)
	}
}

// retrying takes which jobs have runs that wait for their next attempt. What became known
// after the question counts more than the answer.
func (m *machine) retrying(a answer) {
	for _, j := range m.jobs {
		greatest := a.retrying[j.Name]
		for id, r := range j.ids {
			if id > greatest && r.since < a.request.sent {
				delete(j.ids, id)
			}
		}
		j.unsure = j.unsure && j.asOf > a.request.sent
	}
	for _, name := range slices.Sorted(maps.Keys(a.retrying)) {
		id := a.retrying[name]
		k := store.Key{Group: m.holder.Group, Job: name, Run: id}
		if m.broken[k] || m.runs[k] != nil {
			continue
		}
		j := m.job(name)
		known, ok := j.ids[id]
		if !ok {
			j.note(id, retry{since: m.local})
		}
		if !ok || known.unread > 0 && !slices.Contains(m.verify, k) {
			m.verify = append(m.verify, k)
		}
	}
	if m.phase == reading {
		m.phase = working
		m.wantNews()
	}
}

// release lets jobs go on that were held up by a run that has ended.
func (m *machine) release() {
	kept := m.held[:0]
	for _, j := range m.held {
		j.held = j.inTurn() && j.waits() || j.allows() && m.lateBegun(j)
		if j.held {
			kept = append(kept, j)
		} else {
			m.calls.want(kindDue)
		}
	}
	m.held = kept
}

// hold holds a job up: nothing of it that waits starts before something of it has ended.
func (m *machine) hold(j *job) {
	if !j.held {
		j.held = true
		m.held = append(m.held, j)
	}
}

// readRetry reads a run that waits for its next attempt: to learn when it is due, or to
// take it past other runs of its job that wait for its end. There may be so many of these
// that it would not be on a page of the runs that are due.
func (m *machine) readRetry() {
	c := m.calls.of(kindRun)
	for c.ready(m.local) && len(m.verify) > 0 {
		k := m.verify[0]
		m.verify = m.verify[1:]
		if r, ok := m.job(k.Job).ids[k.Run]; ok && r.due.IsZero() {
			m.ask(request{kind: kindRun, key: k})
		}
	}
	if !c.ready(m.local) || !m.mayBegin() {
		return
	}
	for _, j := range m.held {
		id, due := j.nextDue()
		k := store.Key{Group: m.holder.Group, Job: j.Name, Run: id}
		if id != "" && j.busy == 0 && j.defined && j.inTurn() && m.runs[k] == nil && !due.After(m.now()) {
			m.ask(request{kind: kindRun, key: k})
			return
		}
	}
}

// retryRead takes a run that was thought to wait for its next attempt.
func (m *machine) retryRead(a answer) {
	k := a.request.key
	j := m.job(k.Job)
	known, ok := j.ids[k.Run]
	if a.stored != nil && a.err == nil { // nothing that this holder writes would change it
		if a.err = m.holder.NoLaterRun(*a.stored); a.err != nil {
			m.act(note{fact: factCallFailed, text: string(kindRun), err: a.err})
			a.stored = nil
		}
	}
	switch r := a.stored; {
	case !ok:
	case r == nil && registry.Unreadable(a.err) && known.unread < maxUnread-1:
		known.unread++
		j.note(k.Run, known)
	case r == nil, r.State != store.Waiting:
		if a.err != nil && r == nil && len(m.broken) < store.MaxPage {
			m.broken[k] = true // it is never taken, and must not hold up its job for ever
		}
		if known.since <= a.request.sent {
			m.forgetRetry(k)
		}
	default:
		j.note(k.Run, retry{due: r.Due, since: known.since})
		if j.held && m.phase == working {
			m.take(*r, true)
		}
	}
}
