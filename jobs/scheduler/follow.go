package scheduler

import (
	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// A run whose end something follows stays open until that is done. So the next holder
// finds it, and does it: each step may be done twice, and does no harm then.

// followers returns the jobs that run when a run has ended in a state.
func followers(d jobs.Definition, s store.State) (names []string) {
	for _, t := range d.Then {
		success := s == store.Completed
		if t.On == jobs.OnAlways || success == (t.On == jobs.OnSuccess) {
			names = append(names, t.Job)
		}
	}
	return names
}

// follow claims the runs that follow the ends of others.
func (m *machine) follow() {
	if !m.calls.of(kindChildren).ready(m.local) {
		return
	}
	var children []store.Run
	for _, r := range m.list {
		if r.phase != following {
			continue
		}
		names := followers(m.definition(r.record.Job), r.record.State)
		if len(names) == 0 {
			m.afterChildren(r)
			continue
		}
		if len(children)+len(names) > store.MaxPage {
			break
		}
		for _, name := range names {
			children = append(children, m.child(name, r.record))
		}
	}
	if len(children) > 0 {
		m.ask(request{kind: kindChildren, runs: children})
	}
}

// child returns the record of the run of a job that follows the end of another run. Its key
// comes from the parent's, so there is at most one, for ever.
func (m *machine) child(name string, parent store.Run) store.Run {
	now := m.now()
	return store.Run{
		Key:     store.Key{Group: m.holder.Group, Job: name, Run: store.ChildID(parent.Key)},
		Trigger: store.ByRun, At: now, Due: now, Priority: m.definition(name).Priority, Parent: parent.Key.String(),
		State: store.Waiting, Open: true, Nonce: m.newNonce(), Schema: store.Schema,
	}
}

// childrenClaimed takes note that the runs that follow are stored. Their parents are done.
func (m *machine) childrenClaimed(children []store.Run) {
	m.readDue()
	parents := map[string]bool{}
	for _, c := range children {
		parents[c.Parent] = true
	}
	for _, r := range m.list {
		if r.phase == following && parents[r.record.Key.String()] {
			m.afterChildren(r)
		}
	}
}

// close has it recorded that all is done that follows the end of a run.
func (m *machine) close(r *run) {
	r.asked, r.next = r.record.Version(), r.record
	r.next.Open = false
	r.retryAt, r.pause = 0, 0
	m.move(r, closing)
}
