package scheduler

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/understudy-go/understudy/jobs/store"
)

// startClaimed starts the attempts that are claimed, while enough is left of the lease.
func (m *machine) startClaimed() {
	if m.local >= m.lease-m.stopGrace {
		return
	}
	for _, k := range m.keys() {
		if r := m.runs[k]; r.phase == claimed && !r.told {
			r.phase = running
			m.act(startAttempt{r.record})
		}
	}
}

// keys returns the keys of the runs in a fixed order.
func (m *machine) keys() []store.Key {
	return slices.SortedFunc(maps.Keys(m.runs), func(a, b store.Key) int { return strings.Compare(a.String(), b.String()) })
}

// attemptEnded takes the end of an attempt.
func (m *machine) attemptEnded(e attemptEnded) {
	r := m.runs[e.key]
	if r == nil || r.phase != running {
		return
	}
	r.record.Output = e.out
	e.end.at = m.now()
	m.end(r, e.end)
}

// end has the end of a run's attempt recorded.
func (m *machine) end(r *run, e ending) {
	if e.end == store.AttemptExited || e.end == store.AttemptFailed {
		switch { // it was told to stop, whatever the command made of it
		case r.cancelled:
			e.end, e.remark = store.AttemptCancelled, cancelRemark(r.record.Cancel)
		case r.replaced:
			e.end, e.remark = store.AttemptCancelled, "the next slot replaces it"
		case r.told:
			e.end, e.remark = store.AttemptExited, "its instance was told to stop"
		}
	}
	r.asked = r.record.Version()
	r.next = after(m.jobs[r.record.Job].Definition, r.record, e, m.jitter)
	r.phase, r.retryAt = recording, 0
}

// record writes what was decided about runs.
func (m *machine) record() {
	if m.lost {
		return
	}
	for _, k := range m.keys() {
		r := m.runs[k]
		if (r.phase == taking || r.phase == recording) && !r.writing && m.local >= r.retryAt {
			r.writing = true
			m.act(request{kind: kindUpdate, runs: []store.Run{r.next}, was: r.asked})
		}
	}
}

// updated takes the answer to an update.
func (m *machine) updated(a answer) {
	r := m.runs[a.request.runs[0].Key]
	if r == nil || !r.writing {
		return
	}
	r.writing = false
	if a.err != nil && !errors.Is(a.err, store.ErrChanged) && !errors.Is(a.err, store.ErrNoRun) {
		r.pause = min(max(2*r.pause, firstPause), maxPause)
		r.retryAt = m.local + r.pause
		m.act(note{fact: factCallFailed, text: string(kindUpdate), run: r.record.Key, err: a.err})
		return
	}
	r.pause = 0
	if r.phase == taking {
		m.taken(r, a)
		return
	}
	m.recorded(r, a)
}

// recorded takes the answer to the record of an attempt's end. If the record is another
// already, the end is stored (the answer before was lost), or somebody else decided.
func (m *machine) recorded(r *run, a answer) {
	delete(m.runs, r.record.Key)
	m.calls.of(kindDue).wanted = true
	if a.err != nil && (a.stored == nil || a.stored.Nonce != r.next.Nonce || a.stored.State != r.next.State) {
		m.act(note{fact: factEndLost, run: r.record.Key, err: a.err})
		return
	}
	m.act(note{fact: factEnded, run: r.record.Key, job: r.record.Job, text: string(r.next.State)})
	if r.next.State == store.Waiting {
		m.runs[r.record.Key] = &run{record: r.next, phase: retrying}
		if m.nextDue.IsZero() || r.next.Due.Before(m.nextDue) {
			m.nextDue = r.next.Due
		}
	}
}
