package scheduler

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// simWill is what a last will knows of an attempt.
type simWill struct {
	left left
	end  *ending // nil: it was killed with its holder, or is not known
}

// bequeath carries out the last will of a holder that dies now: before, during or after the
// next one takes over, twice, or an hour later. It returns in what time the next holder
// begins; without a last will, that is late.
func (w *world) bequeath(h *simHolder, late time.Duration) (begins time.Duration) {
	if w.chance(20) { // its guards were killed too
		return late
	}
	wills := maps.Clone(h.wills)
	begins = w.between(0, 100*time.Millisecond)
	for n := 1 + w.rand.IntN(2); n > 0; n-- {
		in := w.between(0, begins)
		switch w.rand.IntN(5) {
		case 0: // about when the next holder reads what this one has left
			in = begins + w.between(0, 200*time.Millisecond)
		case 1:
			in = w.between(0, time.Hour)
		}
		w.after(in, func() { w.settle(h, wills) })
	}
	if w.chance(10) { // the end of the term is lost
		return late
	}
	return begins
}

// settle records how attempts ended. Requests may be lost, or arrive late.
func (w *world) settle(h *simHolder, wills map[store.Key]*simWill) {
	keys := slices.SortedFunc(maps.Keys(wills), func(a, b store.Key) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		will, local := wills[k], h.base+w.now
		e := unknown
		e.at = will.left.At.Add(local - will.left.Local)
		if will.end != nil {
			e = *will.end
		}
		if w.chance(10) {
			continue
		}
		stored, ok := w.store.runs[k]
		if !ok {
			continue
		}
		next, ok := will.left.settled(stored, h.id.Term, e, func(d time.Duration) time.Duration { return d })
		if !ok {
			continue
		}
		slow := w.between(0, 20*time.Millisecond)
		if w.chance(10) {
			slow = w.between(0, 5*time.Minute)
		}
		w.after(slow, func() {
			by := h.id
			if w.store.broken == willAnyTerm {
				by.Term = max(by.Term, w.store.runs[k].Term)
			}
			w.willing = true
			_, err := w.store.update(by, stored.Version(), next)
			w.willing = false
			if err == nil {
				w.settled++
				if next.State.Ended() {
					w.untold[k] = true
				}
				w.tell("the last will of term %d records %s attempt %d: %s", h.id.Term, k, will.left.Attempt, e.end)
			}
		})
	}
}
