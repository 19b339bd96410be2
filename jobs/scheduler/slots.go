package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs"
)

const (
	// maxWalk bounds how many slots of a job are walked in one step. Where more have come,
	// older ones are left out without being counted.
	maxWalk = 100_000
	// maxOnTime bounds how many slots of a job are claimed at once, the latest ones.
	maxOnTime = 1000
)

// slotPlan is what is decided about the slots of a job that have come.
type slotPlan struct {
	missed []time.Time // missed their time, and run all the same, the oldest first
	onTime []time.Time // run, the oldest first
	left   leftOut     // the others
	mark   time.Time   // up to here everything is decided, once the runs are claimed
}

// leftOut are slots that do not run.
type leftOut struct {
	count       int
	more        bool // there were others, which were not counted
	first, last time.Time
}

func (l *leftOut) add(slot time.Time) {
	if l.count == 0 {
		l.first = slot
	}
	l.count, l.last = l.count+1, slot
}

// planSlots decides about the slots in (mark, now]. The definition has its defaults.
func planSlots(d jobs.Definition, next func(time.Time) time.Time, mark, now time.Time) slotPlan {
	p := slotPlan{mark: mark}
	earliest := now.Add(-d.StartWithin)
	limit := map[jobs.MissedPolicy]int{jobs.MissedOnce: 1, jobs.MissedAll: d.Missed.Limit}[d.Missed.Policy]
	walked := 0
	for slot := next(mark); !slot.IsZero() && !slot.After(now); slot = next(p.mark) {
		p.mark = slot
		switch {
		case !slot.Before(earliest):
			p.onTime = p.left.push(p.onTime, slot, maxOnTime)
		case slot.Before(now.Add(-d.Missed.Window)):
			p.left.add(slot)
		default:
			p.missed = p.left.push(p.missed, slot, limit)
		}
		if walked++; walked%maxWalk == 0 { // half of what is left has more slots than may run
			p.mark = p.mark.Add(now.Sub(p.mark) / 2)
			p.left.more = true
		}
	}
	return p
}

// push appends a slot to those that run. If they are more than the limit then, the oldest
// one is left out.
func (l *leftOut) push(list []time.Time, slot time.Time, limit int) []time.Time {
	list = append(list, slot)
	if len(list) > limit {
		l.add(list[0])
		list = list[1:]
	}
	return list
}
