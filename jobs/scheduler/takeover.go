package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// opened takes a page of the open runs that have begun: those that a holder before left
// behind, those of this one that people want cancelled, and those that wait for their next
// attempt.
func (m *machine) opened(list []store.Run) {
	for _, r := range list {
		mine := m.runs[r.Key]
		switch {
		case r.State == store.Waiting && mine == nil:
			m.runs[r.Key] = &run{record: r, phase: retrying}
		case r.State != store.Processing:
		case mine != nil && r.Term == m.holder.Term:
			m.wanted(mine, r)
		case mine == nil && !m.isBeingClaimed(r.Key):
			m.interrupted(r)
		}
	}
	if m.phase == reading && len(list) < store.MaxPage {
		m.phase = working
		m.wantNews()
	}
}

// isBeingClaimed reports whether a claim of a run is in flight.
func (m *machine) isBeingClaimed(k store.Key) bool {
	for _, r := range m.claim {
		if r.Key == k {
			return true
		}
	}
	return false
}

// wanted takes what people wrote into the record of a run that this holder processes.
func (m *machine) wanted(r *run, stored store.Run) {
	r.record.Cancel = stored.Cancel
	if stored.Cancel != nil && !r.cancelled {
		r.cancelled = true
		m.tell(r, false)
	}
}

// interrupted records the end of an attempt whose instance went away.
func (m *machine) interrupted(r store.Run) {
	m.act(note{fact: factInterrupted, run: r.Key})
	d := jobs.Definition{}.WithDefaults(time.Minute, m.stopGrace)
	if j := m.jobs[r.Job]; j != nil && j.defined {
		d = j.Definition
	}
	end := ending{end: store.AttemptExited, at: m.now(), remark: "its instance went away"}
	if r.Cancel != nil {
		end.end, end.remark = store.AttemptCancelled, cancelRemark(r.Cancel)
	}
	m.runs[r.Key] = &run{record: r, phase: recording, asked: r.Version(), next: after(d, r, end, m.jitter)}
}

// cancelRemark says who cancelled a run.
func cancelRemark(c *store.Request) string {
	text := "cancelled by " + c.By
	if c.Why != "" {
		text += ": " + c.Why
	}
	return text
}
