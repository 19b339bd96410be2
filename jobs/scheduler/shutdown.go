package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// stop begins the end: nothing new starts. In order, runs have their drain first.
func (m *machine) stop(immediate bool) {
	first := m.phase != draining && m.phase != stopping
	m.phase = draining
	if immediate {
		m.phase = stopping
	}
	if first {
		m.stopBy = m.local + m.stopGrace
	}
	for _, k := range m.keys() {
		r := m.runs[k]
		switch {
		case r.phase == claimed:
			m.end(r, ending{end: store.AttemptExited, at: m.now()})
		case r.phase == running && immediate:
			m.tell(r, true)
		case r.phase == running && first:
			r.drainBy = m.local + m.jobs[r.record.Job].Drain
		}
	}
}

// tell tells the attempt of a run to stop.
func (m *machine) tell(r *run, immediate bool) {
	if r.phase == running && (!r.told || immediate) {
		r.told = true
		m.act(stopAttempt{r.record.Key, immediate})
	}
}

// stopLate tells runs to stop whose drain is over.
func (m *machine) stopLate() {
	if m.phase != draining {
		return
	}
	left := false
	for _, k := range m.keys() {
		r := m.runs[k]
		if r.phase != running {
			continue
		}
		left = true
		if m.local >= r.drainBy {
			m.tell(r, false)
		}
	}
	if !left {
		m.phase, m.stopBy = stopping, m.local+m.stopGrace/2
	}
}

// mayFinish reports whether nothing is left that runs, and all is recorded that can be.
func (m *machine) mayFinish() bool {
	for _, r := range m.runs {
		if r.phase == running || (r.phase == recording || r.phase == taking) && !m.lost && m.local < m.stopBy {
			return false
		}
	}
	return true
}

// superseded takes note that a later term has begun. Everything is killed, and nothing
// more is written. The lead is told to stop when the instance learns of it, too.
func (m *machine) superseded(err error) {
	if m.lost {
		return
	}
	m.lost = true
	m.act(note{fact: factSuperseded, err: err})
	for _, k := range m.keys() {
		m.tell(m.runs[k], true)
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
	if m.clock.known {
		for _, j := range m.jobs {
			at(m.clock.local(j.nextSlot), !j.nextSlot.IsZero() && j.record.Paused == nil)
		}
		at(m.clock.local(m.nextDue), !m.nextDue.IsZero())
	}
	for _, c := range m.calls {
		at(c.retryAt, c.wanted)
	}
	for _, r := range m.runs {
		at(r.retryAt, r.phase == taking || r.phase == recording)
		at(r.drainBy, m.phase == draining)
	}
	at(m.stopBy, m.phase == stopping)
	return next
}
