package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs"
)

const (
	// maxWalk bounds how many slots of a job are counted. Where more have come, only the
	// latest ones are looked at.
	maxWalk = 100_000
	// maxOnTime bounds how many slots of a job are claimed at once as being on time, the
	// latest ones.
	maxOnTime = 1000
	// maxSlots is how many slots of a job may run at once at most: those on time, and as
	// many that were missed as a definition may say.
	maxSlots = maxOnTime + 1000
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
	if p.walk(d, next, now) {
		return p
	}
	// The slots counted until here are left out: the ones that may run lie behind them.
	late := slotPlan{mark: latest(next, p.mark, now)}
	late.left.count = p.left.count + len(p.missed) + len(p.onTime)
	late.left.first, late.left.last, late.left.more = firstOf(p), p.mark, true
	late.walk(d, next, now)
	return late
}

// leaveOut returns the plan that runs none of the slots in (mark, until].
func leaveOut(d jobs.Definition, next func(time.Time) time.Time, mark, until time.Time) slotPlan {
	d.StartWithin, d.Missed = -1, jobs.Missed{Policy: jobs.MissedSkip}
	return planSlots(d, next, mark, until)
}

// walk adds the slots after the plan's mark, until now, and moves the mark to the last of
// them. It reports whether it came to the end; it gives up after maxWalk slots.
func (p *slotPlan) walk(d jobs.Definition, next func(time.Time) time.Time, now time.Time) bool {
	earliest, oldest := now.Add(-d.StartWithin), now.Add(-d.Missed.Window)
	limit := 0
	switch d.Missed.Policy {
	case jobs.MissedOnce:
		limit = 1
	case jobs.MissedAll:
		limit = d.Missed.Limit
	}
	walked := 0
	for slot := next(p.mark); !slot.IsZero() && !slot.After(now); slot = next(p.mark) {
		if walked++; walked > maxWalk {
			return false
		}
		p.mark = slot
		switch {
		case !slot.Before(earliest):
			p.onTime = p.left.push(p.onTime, slot, maxOnTime)
		case slot.Before(oldest):
			p.left.add(slot)
		default:
			p.missed = p.left.push(p.missed, slot, limit)
		}
	}
	return true
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

// firstOf returns the first slot of a plan.
func firstOf(p slotPlan) (first time.Time) {
	first = p.left.first
	for _, list := range [][]time.Time{p.missed, p.onTime} {
		if len(list) > 0 && (first.IsZero() || list[0].Before(first)) {
			first = list[0]
		}
	}
	return first
}

// latest returns an instant after which at least maxSlots slots come until now, and not
// many more. There are more than that between mark and now.
func latest(next func(time.Time) time.Time, mark, now time.Time) time.Time {
	for back := time.Minute; ; back *= 2 {
		from := now.Add(-back)
		if !from.After(mark) {
			return mark
		}
		at, n := from, 0
		for slot := next(at); n < maxSlots && !slot.IsZero() && !slot.After(now); slot = next(at) {
			at = slot
			n++
		}
		if n == maxSlots {
			return from
		}
	}
}
