package scheduler

import "time"

// drain begins an orderly end: nothing new starts. Runs of jobs that have a drain go on for
// that long, and others are told to stop.
func (m *machine) drain() {
	if m.phase == draining || m.phase == stopping {
		return
	}
	m.phase = draining
	m.drainedBy = m.local + m.stopGrace
	for _, r := range m.list {
		r.drainBy = m.local + m.definition(r.record.Job).Drain
		if r.phase == running {
			m.drainedBy = max(m.drainedBy, r.drainBy+m.stopGrace)
		}
		m.releaseIfOver(r)
	}
}

// stop tells everything that runs to stop: within its grace, or at once.
func (m *machine) stop(immediate bool) {
	if m.phase != stopping {
		m.stopAt = m.local
	}
	m.phase, m.hurry = stopping, m.hurry || immediate
	for _, r := range m.list {
		m.tell(r, immediate)
		m.releaseIfOver(r)
	}
}

// stopLate tells runs to stop whose drain is over.
func (m *machine) stopLate() {
	if m.phase != draining {
		return
	}
	for _, r := range m.list {
		if r.phase == running && m.local >= r.drainBy {
			m.tell(r, false)
		}
	}
}

// idle reports whether nothing runs any more, and nothing is left to be recorded. Those who
// are still to be told of the end of a run can be told by the next holder.
func (m *machine) idle() bool {
	return len(m.list) == len(m.untold()) && len(m.claim) == 0 && (m.unsaved == 0 || m.lost) && !m.calls.of(kindSave).inFlight
}

// mayFinish reports whether the term may end: nothing runs any more, and all is recorded,
// or there is no time left to do so.
func (m *machine) mayFinish() bool {
	for _, r := range m.list {
		if r.phase == running {
			return false
		}
	}
	return m.lost || m.idle() || m.local >= m.finishBy()
}

// finishBy is the local instant until which what has ended may be recorded. Whoever waits
// for the end of the term kills this process soon after its grace, and with its lease.
func (m *machine) finishBy() time.Duration {
	by := m.stopAt + m.stopGrace - 2*m.killMargin
	if m.hurry {
		by = m.stopAt
	}
	return min(max(by, m.endedAt+m.killMargin), m.lease-2*m.killMargin)
}

// superseded takes note that a later term has begun. Everything is killed, and nothing
// more is written. The lead waits until its instance learns of it, too.
func (m *machine) superseded(err error) {
	if m.lost {
		return
	}
	m.lost = true
	m.act(note{fact: factSuperseded, err: err})
	m.claim, m.planned = nil, nil
	for _, r := range append([]*run(nil), m.list...) {
		m.tell(r, true)
		if r.phase != running && !r.writing {
			m.drop(r)
		}
	}
}

// deadline returns the next local instant at which the machine wants a tick.
func (m *machine) deadline() time.Duration {
	next := m.local + m.poll
	at := func(t time.Duration, when bool) {
		if when && t > m.local {
			next = min(next, t)
		}
	}
	if m.clock.known && m.phase == working {
		at(m.clock.local(m.soonest), !m.soonest.IsZero())
		at(m.clock.local(m.nextDue), !m.nextDue.IsZero())
		for _, j := range m.held {
			_, due := j.nextDue()
			at(m.clock.local(due), !due.IsZero())
		}
	}
	for k, c := range m.calls {
		at(c.notUntil, c.wanted || k == kindSave || k == kindClaim || k == kindChildren || k == kindRun)
	}
	for _, r := range m.list {
		at(r.retryAt, r.phase.writes() || r.phase == delivering)
		at(r.drainBy, m.phase == draining && r.phase == running)
	}
	at(m.newsAt, true)
	at(m.pruneAt, m.phase == working)
	at(m.strayAt, m.phase == working)
	at(m.drainedBy, m.phase == draining)
	at(m.finishBy(), m.phase == stopping)
	return next
}
