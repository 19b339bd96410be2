package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

const (
	// toldBefore is the remark of an attempt that this instance claimed and did not start.
	toldBefore = "its instance was told to stop before it was started"
	// unstartedPause is how long a run waits whose attempt could not be started, although
	// nobody had told it to stop: the lease was about to end, which may last.
	unstartedPause = time.Second
)

// startClaimed starts the attempts that are claimed, while enough is left of the lease.
func (m *machine) startClaimed() {
	if !m.leaseSuffices() {
		return
	}
	for _, r := range m.list {
		if r.phase == claimed {
			m.move(r, running)
			m.act(startAttempt{r.record})
		}
	}
}

// leaseSuffices reports whether enough is left of the lease to start something.
func (m *machine) leaseSuffices() bool { return m.local < m.lease-m.stopGrace }

// mayBegin reports whether another attempt may begin.
func (m *machine) mayBegin() bool { return m.free() > 0 && m.leaseSuffices() }

// attemptEnded takes the end of an attempt.
func (m *machine) attemptEnded(e attemptEnded) {
	r := m.runs[e.key]
	if r == nil || r.phase != running {
		return
	}
	m.endedAt = m.local
	r.record.Output, r.record.Result = e.end.output, e.end.result
	m.end(r, e.end)
}

// end has the end of a run's attempt recorded.
func (m *machine) end(r *run, e ending) {
	if m.lost {
		m.drop(r)
		return
	}
	e.at = m.now()
	if e.end == store.AttemptExited || e.end == store.AttemptFailed {
		switch { // it was told to stop, whatever the command made of it
		case r.cancelled:
			e.end, e.remark = store.AttemptCancelled, cancelRemark(r.record.Cancel)
		case !r.replaced.IsZero():
			e.end, e.remark = store.AttemptCancelled, replacedRemark(r.replaced)
		case r.told && e.unstarted:
			e.end, e.remark = store.AttemptExited, toldBefore
		case r.told:
			e.end, e.remark = store.AttemptExited, "its instance was told to stop"
		}
	}
	if !r.told && m.phase == working {
		e.pause = unstartedPause
	}
	r.asked = r.record.Version()
	r.next = after(m.definition(r.record.Job), r.record, e, m.jitter)
	r.retryAt, r.pause = 0, 0
	m.move(r, recording)
}

// releaseIfOver ends the attempt of a run that is claimed and must not start any more.
func (m *machine) releaseIfOver(r *run) {
	if over := r.cancelled || !r.replaced.IsZero() || m.phase != working; over && r.phase == claimed {
		m.end(r, ending{end: store.AttemptExited, unstarted: true, remark: toldBefore})
	}
}

// tell tells the attempt of a run to stop.
func (m *machine) tell(r *run, immediate bool) {
	if r.phase == running && (!r.told || immediate) {
		r.told = true
		m.act(stopAttempt{r.record.Key, immediate})
	}
}

// wanted takes the request of a person to cancel a run that this holder processes.
func (m *machine) wanted(r *run, cancel *store.Request) {
	if cancel == nil || r.cancelled {
		return
	}
	r.record.Cancel, r.cancelled = cancel, true
	m.tell(r, false)
	m.releaseIfOver(r)
}
