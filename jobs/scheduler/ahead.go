package scheduler

import (
	"slices"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// ahead are the next runs of a job whose runs start one after another, as they were on a
// page of the runs that are due. They are taken one by one as the one before ends, so that
// a long queue is not read again for each of its runs. Whatever may have changed the queue
// drops them. One that somebody has changed all the same is not claimed: that rests on the
// version of its record.
type ahead struct {
	runs  []store.Run
	until time.Time // when a run is due that was not when they were read; zero: none is known
}

// maxAhead is of how many jobs the next runs are kept.
const maxAhead = 100

// goesOn reports whether another run of the job starts only when one that has begun ends.
func (j *job) goesOn() bool { return j.defined && !j.allows() && j.busy > 0 && !j.held }

// keep notes a run of a page as the next one after those that are kept already.
func (m *machine) keep(j *job, r store.Run, until time.Time) {
	if len(j.ahead.runs) == 0 {
		if len(m.ahead) >= maxAhead {
			return
		}
		j.ahead = ahead{until: until}
		m.ahead = append(m.ahead, j)
	}
	j.ahead.runs = append(j.ahead.runs, r)
}

// readDue has what is due read, because something of it may be new. What was read before
// does not count any more.
func (m *machine) readDue() {
	for _, j := range m.ahead {
		j.ahead = ahead{}
	}
	m.ahead, m.stale = m.ahead[:0], true
	m.calls.want(kindDue)
}

// forgetAhead drops what is known of the jobs that a page has read again.
func (m *machine) forgetAhead(except []string) {
	kept := m.ahead[:0]
	for _, j := range m.ahead {
		if _, found := slices.BinarySearch(except, j.Name); found {
			kept = append(kept, j)
		} else {
			j.ahead = ahead{}
		}
	}
	clear(m.ahead[len(kept):])
	m.ahead = kept
}

// goOn starts the next run of a job after one of it has ended. If it is not known which one
// that is, or another one may come before it, what is due is read. As long as nobody waits
// for a place, the place that was freed is that of this job.
func (m *machine) goOn(j *job) {
	passed := func(t time.Time) bool { return !t.IsZero() && !t.After(m.now()) }
	c := m.calls.of(kindDue)
	contested := m.free() < 2 && (c.wanted || c.inFlight || passed(m.nextDue))
	if m.phase != working || m.backlog || contested || len(j.ahead.runs) == 0 || passed(j.ahead.until) {
		m.calls.want(kindDue)
		return
	}
	for len(j.ahead.runs) > 0 && j.busy == 0 {
		r := j.ahead.runs[0]
		j.ahead.runs = j.ahead.runs[1:]
		m.take(r, false)
	}
	if len(j.ahead.runs) == 0 {
		m.ahead = slices.DeleteFunc(m.ahead, func(other *job) bool { return other == j })
	}
	if j.busy == 0 {
		m.calls.want(kindDue)
	}
}
