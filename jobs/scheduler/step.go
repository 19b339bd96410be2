package scheduler

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func newMachine(s settings, list []Job, lease time.Duration) *machine {
	m := &machine{
		settings: s, phase: sealing, lease: lease, calls: calls{},
		jobs: map[string]*job{}, runs: map[store.Key]*run{}, dropped: map[store.Key]bool{}, broken: map[store.Key]bool{},
		early: map[store.Key]*store.Request{},
	}
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
		if step, stepped := m.clock.beat(e); stepped {
			m.act(note{fact: factClockStepped, text: step.String()})
			m.changed = true
		}
	case extended:
		m.lease = max(m.lease, e.until)
	case answer:
		m.answered(e)
	case attemptEnded:
		m.attemptEnded(e)
	case delivered:
		m.delivered(e)
	case changed:
		m.wantNews()
	case redefined:
		m.define(e.jobs)
	case drain:
		m.drain()
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
	if !m.lost && m.clock.known {
		m.proceedUnlost()
	}
	m.stopLate()
	if m.phase == draining && !m.drained && (m.idle() || m.local >= m.drainedBy) {
		m.drained = true
		m.act(drained{})
	}
	if m.phase == stopping && m.mayFinish() {
		m.phase = over
		m.act(finish{})
	}
}

// proceedUnlost does what a holder may do whose term no other one has followed.
func (m *machine) proceedUnlost() {
	m.release()
	switch m.phase {
	case sealing:
		m.ask(request{kind: kindSeal})
	case reading:
		m.readOn()
	case working:
		m.work()
	case draining:
		m.finishClaims()
		m.news()
		m.saveJobs()
	case stopping:
		m.finishClaims()
		m.saveJobs()
	}
	m.follow()
	m.deliver()
	m.write()
}

// work claims, takes and starts what is due, and asks for what others may have changed.
func (m *machine) work() {
	m.news()
	m.updateRecords()
	m.claimSlots()
	m.saveJobs()
	m.readRetry()
	m.askDue()
	m.startClaimed()
	m.prune()
	m.readStrays()
}

// news asks for what others may have changed.
func (m *machine) news() {
	if m.local >= m.newsAt {
		m.newsAt = m.local + m.poll
		m.wantNews()
		m.calls.want(kindRetrying)
	}
	m.askWanted(request{kind: kindJobs})
	m.askOpen()
	if m.phase == working {
		m.askWanted(request{kind: kindRetrying})
	}
}

// ask makes a request of which only one is in flight, if it may be made now. It reports
// whether it did.
func (m *machine) ask(r request) bool {
	c := m.calls.of(r.kind)
	if !c.ready(m.local) {
		return false
	}
	c.begin()
	r.sent = m.local
	m.act(r)
	return true
}

// askWanted makes a request if it is wanted, and may be made now.
func (m *machine) askWanted(r request) {
	if m.calls.of(r.kind).wanted {
		m.ask(r)
	}
}

// wantNews asks for what people, or a late write of a holder before, may have changed.
func (m *machine) wantNews() {
	m.calls.want(kindJobs, kindOpen)
	m.readDue()
}

// answered takes the answer to a request.
func (m *machine) answered(a answer) {
	if errors.Is(a.err, store.ErrSuperseded) {
		m.superseded(a.err)
	}
	k := a.request.kind
	if k == kindUpdate {
		m.updated(a)
		return
	}
	if m.lost {
		return
	}
	unreadable := errors.Is(a.err, store.ErrLeftOut) || k == kindRun && registry.Unreadable(a.err)
	failed := a.err != nil && !unreadable && !(k == kindRun && errors.Is(a.err, store.ErrNoRun))
	m.calls.of(k).end(m.local, spacing[k], failed)
	if a.err != nil && (failed || unreadable) {
		m.act(note{fact: factCallFailed, text: string(k), err: a.err})
	}
	if failed {
		switch k {
		case kindSave:
			m.saveFailed(a.request.jobs, a.err)
		case kindRun:
			m.verify = append(m.verify, a.request.key)
		case kindPrune:
			m.pruneNext++ // that of one job must not keep the others from being pruned
		}
		return
	}
	switch k {
	case kindSeal:
		m.sealed(a.jobs)
	case kindJobs:
		m.readJobs(a.jobs)
	case kindOpen:
		m.opened(a)
	case kindRetrying:
		m.retrying(a)
	case kindRun:
		m.retryRead(a)
	case kindDue:
		m.due(a)
	case kindClaim:
		m.claimAnswered(a.request.runs, a.there)
	case kindChildren:
		m.childrenClaimed(a.request.runs)
	case kindSave:
		m.savedJobs(a.request.jobs)
	case kindPrune:
		m.prunedRuns(a)
	case kindStrays:
		m.strays(a)
	}
}

// sorted returns the jobs in the order of their names.
func (m *machine) sorted() []*job {
	if len(m.order) != len(m.jobs) {
		m.order = m.order[:0]
		for _, j := range m.jobs {
			m.order = append(m.order, j)
		}
		slices.SortFunc(m.order, func(a, b *job) int { return strings.Compare(a.Name, b.Name) })
	}
	return m.order
}
