package scheduler

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func newMachine(s settings, list []Job, lease time.Duration) *machine {
	m := &machine{settings: s, phase: sealing, lease: lease, jobs: map[string]*job{}, runs: map[store.Key]*run{}, calls: calls{}}
	m.define(list)
	return m
}

// step takes one event at a local instant. It returns what to do about it, in a slice that
// is good until the next step.
func (m *machine) step(local time.Duration, e event) []action {
	m.actions = m.actions[:0]
	m.local = max(m.local, local)
	if m.phase == over {
		return nil
	}
	switch e := e.(type) {
	case beat:
		if step, stepped := m.clock.beat(e.at, e.sent); stepped {
			m.act(note{fact: factClockStepped, text: step.String()})
		}
	case extended:
		m.lease = max(m.lease, e.until)
	case answer:
		m.answered(e)
	case attemptEnded:
		m.attemptEnded(e)
	case changed:
		m.wantNews()
	case redefined:
		m.define(e.jobs)
	case stop:
		m.stop(e.immediate)
	}
	m.proceed()
	return m.actions
}

func (m *machine) act(a action) { m.actions = append(m.actions, a) }

// now returns the time of the registry's clock.
func (m *machine) now() time.Time { return m.clock.at(m.local) }

// proceed does what can be done now.
func (m *machine) proceed() {
	switch {
	case m.lost:
	case m.phase == sealing:
		m.ask(kindSeal, request{kind: kindSeal})
	case m.phase == reading:
		m.ask(kindOpen, request{kind: kindOpen})
	case m.phase == working:
		m.work()
	}
	m.record()
	m.stopLate()
	if m.phase == stopping && m.mayFinish() {
		m.phase = over
		m.act(finish{})
	}
}

// work claims, takes and starts what is due, and asks for what others may have changed.
func (m *machine) work() {
	if !m.clock.known {
		return
	}
	if m.local >= m.newsAt {
		m.newsAt = m.local + m.poll
		m.wantNews()
	}
	m.updateRecords()
	m.claimSlots()
	m.saveJobs()
	if m.calls.of(kindOpen).wanted {
		m.ask(kindOpen, request{kind: kindOpen})
	}
	if m.calls.of(kindJobs).wanted {
		m.ask(kindJobs, request{kind: kindJobs})
	}
	m.askDue()
	m.startClaimed()
}

// ask makes a request of which only one is in flight, if it may be made now.
func (m *machine) ask(k kind, r request) {
	if c := m.calls.of(k); c.ready(m.local) {
		c.begin()
		m.act(r)
	}
}

// wantNews asks for what people, or a late write of a holder before, may have changed.
func (m *machine) wantNews() {
	for _, k := range []kind{kindJobs, kindOpen, kindDue} {
		m.calls.of(k).wanted = true
	}
}

// answered takes the answer to a request.
func (m *machine) answered(a answer) {
	if errors.Is(a.err, store.ErrSuperseded) {
		m.superseded(a.err)
	}
	if a.request.kind == kindUpdate {
		m.updated(a)
		return
	}
	failed := a.err != nil && !registry.Unreadable(a.err) // what cannot be read is left out
	m.calls.of(a.request.kind).end(m.local, failed)
	if failed && a.request.kind == kindSave {
		m.saveFailed(a.request.jobs)
	}
	if a.err != nil {
		m.act(note{fact: factCallFailed, text: string(a.request.kind), err: a.err})
	}
	if failed {
		return
	}
	switch a.request.kind {
	case kindSeal:
		m.sealed(a.jobs)
	case kindJobs:
		m.readJobs(a.jobs)
	case kindOpen:
		m.opened(a.runs)
	case kindDue:
		m.take(a.runs, a.next)
	case kindClaim:
		m.claimedRuns(a.request.runs, a.there)
	case kindSave:
		m.savedJobs(a.request.jobs)
	}
}

// names returns the names of the jobs in a fixed order.
func (m *machine) names() []string {
	if len(m.order) != len(m.jobs) {
		m.order = slices.Sorted(maps.Keys(m.jobs))
	}
	return m.order
}
