package scheduler

import (
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

const (
	// strayInterval is how long there is between two looks for runs that wait for nothing:
	// those of jobs that are not in the file.
	strayInterval = 10 * time.Minute
	// strayLimit is how many of them are settled in a step at most.
	strayLimit = 20
	// slotPatience and askedPatience are how long runs of a slot, and all others, wait for
	// their job to be in the file of an active instance again. In a rolling deployment it
	// soon is.
	slotPatience  = 24 * time.Hour
	askedPatience = 7 * 24 * time.Hour
)

// outdated returns why a run of a slot that waits is not started any more: it has waited
// since before the present definition of its job, and that does not let it run. Empty: it
// may start. Whatever people, or the ends of other runs, asked for is never outdated.
func (m *machine) outdated(j *job, r store.Run, now time.Time) string {
	if !bySlotAlone(r) {
		return ""
	}
	if stored := j.record; stored.Hash == j.hash && !stored.Gone && !r.Due.Before(stored.Since) {
		return ""
	}
	allowed := j.StartWithin
	if j.Missed.Policy != jobs.MissedSkip {
		allowed = max(allowed, j.Missed.Window)
	}
	switch waited := now.Sub(r.Due); {
	case j.Disabled && r.Attempt == 0: // what has begun goes on to its end
		return "the job was disabled while it waited"
	case waited > allowed:
		return fmt.Sprintf("it had waited for %s when the job had a new schedule, or was in the file again", waited.Round(time.Second))
	}
	return ""
}

// unstarted returns the record of a run that waits and is not started any more.
func unstarted(d jobs.Definition, r store.Run, now time.Time, why string) store.Run {
	if r.Attempt > 0 {
		return ended(d, r, store.Cancelled, now, why)
	}
	return skip(r, now, why)
}

// settle has the end of a run recorded that waits.
func (m *machine) settle(r, next store.Run) {
	m.add(&run{record: r, asked: r.Version(), next: next}, settling)
}

// patience is how long runs of slots, or all others, wait for their job to be in the file.
func (m *machine) patience(ofSlots bool) time.Duration {
	if ofSlots {
		return m.slotPatience
	}
	return m.askedPatience
}

// readStrays asks for runs that have waited for too long for their job to be in the file:
// once for those of any kind, and once for those of slots, which wait for less long.
func (m *machine) readStrays() {
	if m.local < m.strayAt || !m.clock.settled() || !m.calls.of(kindStrays).ready(m.local) {
		return
	}
	m.strayAt = m.local + m.strayEvery
	m.straySlots = !m.straySlots
	patience := m.patience(m.straySlots)
	before := m.now().Add(-patience)
	var except []string
	for _, j := range m.sorted() {
		if j.defined || j.record.Name != "" && (!j.record.Gone || j.record.Since.After(before)) {
			except = append(except, j.Name)
		}
	}
	if len(except) < len(m.jobs) {
		m.ask(request{kind: kindStrays, now: before, except: except, limit: strayLimit})
	}
}

// strays settles runs that have waited for too long for their job to be in the file.
func (m *machine) strays(a answer) {
	if m.phase != working {
		return
	}
	settled := 0
	for _, r := range a.runs {
		j := m.job(r.Job)
		patience := m.patience(bySlotAlone(r))
		if j.defined || m.runs[r.Key] != nil || m.now().Sub(r.Due) < patience {
			continue
		}
		why := fmt.Sprintf("no active instance has had its job in its file for %v h", patience.Hours())
		m.settle(r, unstarted(m.definition(r.Job), r, m.now(), why))
		settled++
	}
	if settled > 0 && len(a.runs) >= a.request.limit { // there may be more of the same kind
		m.straySlots = !m.straySlots
		m.strayAt = m.local + min(m.strayEvery, pruneInterval)
	}
}
