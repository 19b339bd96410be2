package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// openLimit is how many open runs are read at a time. A record can be large.
func (m *machine) openLimit() int { return min(m.maxRuns+100, store.MaxPage) }

// askOpen reads the open runs, but for those that have ended and are taken care of: nobody
// changes them any more, and there may be many of them while a URL of on_finish is away.
func (m *machine) askOpen() {
	c := m.calls.of(kindOpen)
	if !c.wanted || !c.ready(m.local) {
		return
	}
	var known []store.Key
	for _, r := range m.list {
		if r.phase == following || r.phase == delivering || r.phase == closing {
			known = append(known, r.record.Key)
		}
	}
	m.ask(request{kind: kindOpen, known: known, limit: m.openLimit()})
}

// readOn reads what the holder before left behind: its open runs, page after page as they
// are dealt with, and then which jobs have runs that wait for a retry.
func (m *machine) readOn() {
	if m.calls.of(kindOpen).wanted {
		m.askOpen()
		return
	}
	if m.calls.of(kindRetrying).wanted {
		m.ask(request{kind: kindRetrying})
	}
}

// opened takes a page of the open runs that do not wait: those that a holder before left
// behind, those of this one that people want cancelled, and those that have ended without
// what follows being done.
func (m *machine) opened(a answer) {
	for _, r := range a.runs {
		mine := m.runs[r.Key]
		switch {
		case mine != nil:
			if r.State == store.Processing && r.Term == m.holder.Term && r.Attempt == mine.record.Attempt {
				m.wanted(mine, r.Cancel)
			}
			if mine.phase == taking && r.Nonce == mine.next.Nonce && r.Cancel != nil {
				m.early[r.Key] = r.Cancel
			}
		case r.Cancel != nil && m.isBeingClaimed(r.Key):
			m.early[r.Key] = r.Cancel
		case m.dropped[r.Key] || m.isBeingClaimed(r.Key) || m.phase != reading && m.phase != working:
		case r.State == store.Processing:
			m.interrupted(r)
		default:
			m.ended(r)
		}
	}
	clear(m.dropped)
	full := len(a.runs) >= a.request.limit
	if full {
		m.calls.want(kindOpen)
	}
	if m.phase == reading && !full {
		m.calls.want(kindRetrying)
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

// interrupted records the end of an attempt whose instance went away.
func (m *machine) interrupted(r store.Run) {
	m.act(note{fact: factInterrupted, run: r})
	e := ending{end: store.AttemptExited, at: m.now(), remark: "its instance went away"}
	if r.Cancel != nil {
		e.end, e.remark = store.AttemptCancelled, cancelRemark(r.Cancel)
	}
	m.add(&run{record: r, asked: r.Version(), next: after(m.definition(r.Job), r, e, m.jitter)}, recording)
}

// ended takes up a run that has ended, to do what follows. If somebody cancelled it while
// it waited, this is the first that a holder learns of its end, and so it is if a last will
// has recorded that.
func (m *machine) ended(r store.Run) {
	m.forgetRetry(r.Key)
	n := len(r.Attempts)
	if byWill(r) || r.State == store.Cancelled && (n == 0 || r.Attempts[n-1].End != store.AttemptCancelled) {
		m.act(outcome{r})
	}
	m.add(&run{record: r}, following)
}

// definition returns by which rules a job runs. Of a job that was never defined here, runs
// may be found all the same.
func (m *machine) definition(name string) jobs.Definition {
	if j := m.jobs[name]; j != nil && j.Next != nil {
		return j.Definition
	}
	return jobs.Definition{Name: name}.WithDefaults(time.Minute, m.stopGrace)
}

// cancelRemark says who cancelled a run.
func cancelRemark(c *store.Request) string {
	text := "cancelled by " + c.By
	if c.Why != "" {
		text += ": " + c.Why
	}
	return text
}
