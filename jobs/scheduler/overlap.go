package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

// allows reports whether several runs of the job may be processed at a time.
func (j *job) allows() bool { return j.Overlap == jobs.OverlapAllow }

// busy reports whether a run of the job is being processed.
func (m *machine) busy(name string) bool {
	for _, r := range m.runs {
		if r.record.Job == name && r.phase != retrying {
			return true
		}
	}
	return false
}

// unfinished returns a run of the job that has begun and not ended; nil if there is none.
// Of several it is the one that began last.
func (m *machine) unfinished(name string) (found *run) {
	for _, r := range m.runs {
		if r.record.Job == name && (found == nil || found.record.Run < r.record.Run) {
			found = r
		}
	}
	return found
}

// replace cancels the runs of a job in favour of a slot.
func (m *machine) replace(name string, slot time.Time) {
	for _, k := range m.keys() {
		if r := m.runs[k]; k.Job == name && !r.replaced {
			r.replaced = true
			m.tell(r, false)
		}
	}
}

// free returns how many more attempts may be started.
func (m *machine) free() int {
	n := m.maxRuns
	for _, r := range m.runs {
		if r.phase != retrying {
			n--
		}
	}
	return n
}

// isLate reports whether a run is of a slot that missed its time.
func (j *job) isLate(r store.Run) bool {
	return !r.Slot.IsZero() && r.At.Sub(r.Slot) > j.StartWithin
}
