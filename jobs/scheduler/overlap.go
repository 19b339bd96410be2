package scheduler

import (
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// allows reports whether several runs of the job may be processed at a time.
func (j *job) allows() bool { return j.Overlap == jobs.OverlapAllow }

// inTurn reports whether a run of the job begins only when those that began before have
// ended, their retries included. With replace it does not wait for retries.
func (j *job) inTurn() bool { return j.Overlap == jobs.OverlapSkip || j.Overlap == jobs.OverlapQueue }

// unfinished returns the ID of a run of the job that has begun and not ended; empty if
// there is none. Of several, it is the one that came last.
func (m *machine) unfinished(j *job) string {
	if j.busy > 0 {
		for i := len(m.list) - 1; i >= 0; i-- {
			if r := m.list[i]; r.record.Job == j.Name && r.phase.busy() {
				return r.record.Run
			}
		}
	}
	return j.oneThatWaits()
}

// blocked reports whether nothing of the job that waits can start now.
func (j *job) blocked() bool {
	return !j.defined || j.held || !j.allows() && j.busy > 0
}

// blockedJobs returns the names of the jobs of which nothing can start now.
func (m *machine) blockedJobs() (names []string) {
	for _, j := range m.sorted() {
		if j.blocked() {
			names = append(names, j.Name)
		}
	}
	return names
}

// mayTake reports whether a run that waits and is due may start now, as far as other runs
// of its job are concerned. If it may not, nothing of its job is asked for until that has
// changed.
func (m *machine) mayTake(j *job, r store.Run) bool {
	switch {
	case j.blocked():
		return false
	case j.allows() && j.isLate(r) && m.lateBegun(j):
		m.hold(j)
		return false
	case j.inTurn() && r.Attempt == 0 && j.waits(): // another one has begun, and waits for its retry
		m.hold(j)
		return false
	}
	return true
}

// isLate reports whether a run is of a slot that missed its time.
func (j *job) isLate(r store.Run) bool {
	return !r.Slot.IsZero() && r.At.Sub(r.Slot) > j.StartWithin
}

// lateBegun reports whether a run of the job that missed its time has begun. They run one
// at a time, even where others may overlap.
func (m *machine) lateBegun(j *job) bool {
	if j.busy == 0 {
		return false
	}
	for _, r := range m.list {
		if r.record.Job == j.Name && r.phase.busy() && j.isLate(r.record) {
			return true
		}
	}
	for _, r := range m.claim {
		if r.Job == j.Name && r.State == store.Processing && j.isLate(r) {
			return true
		}
	}
	return false
}

// overtaken returns the record of a run that waits and is not started any more, because a
// later slot has been decided meanwhile; false if there is no such reason.
func (m *machine) overtaken(j *job, r store.Run, now time.Time) (store.Run, bool) {
	mark := j.record.Mark
	if !bySlotAlone(r) || !r.Slot.Before(mark) || mark.Equal(j.record.Since) || j.Missed.Policy == jobs.MissedAll {
		return r, false
	}
	switch {
	case j.Overlap == jobs.OverlapReplace:
		return unstarted(j.Definition, r, now, replacedRemark(mark)), true
	case j.Overlap == jobs.OverlapSkip && r.Attempt == 0 && now.Sub(r.Due) > j.StartWithin && !j.isLate(r):
		return skip(r, now, fmt.Sprintf("it had no place for %s, and slot %s came", now.Sub(r.Due).Round(time.Second), store.SlotID(mark))), true
	}
	return r, false
}

// bySlotAlone reports whether a run is there because its slot came, and nobody had it
// started again. What people, or the ends of other runs, asked for is not given up because
// of a slot.
func bySlotAlone(r store.Run) bool { return !r.Slot.IsZero() && r.RetriedBy == "" }

func replacedRemark(slot time.Time) string {
	return fmt.Sprintf("slot %s replaced it", store.SlotID(slot))
}

// replace cancels the runs of earlier slots that have begun, in favour of a slot, which
// waits for the other runs of its job. Those that wait for a retry are cancelled when they
// come due.
func (m *machine) replace(j *job) {
	for _, r := range m.list {
		if r.record.Job == j.Name && r.phase.busy() && r.replaced.IsZero() && bySlotAlone(r.record) && r.record.Run != store.SlotID(j.replaced) {
			r.replaced = j.replaced
			m.tell(r, false)
			m.releaseIfOver(r)
		}
	}
}
