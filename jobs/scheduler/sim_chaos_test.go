package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// disturb does to a holder what happens to holders.
func (w *world) disturb(h *simHolder) {
	if h.dead || w.holder != h || w.calm || h.ordered {
		return
	}
	again := true
	switch w.rand.IntN(7) {
	case 0:
		again = false
		w.fade(h, func() {
			w.tell("crashes")
			w.kill(h)
		})
	case 1:
		w.tell("is told to stop")
		w.order(h, stop{})
		again = false
	case 2, 3: // an orderly stop or a handover, which does not wait for ever
		w.tell("is told to drain")
		w.event(h, drain{})
		if w.chance(30) {
			w.refuse(h)
		} else {
			w.after(w.between(0, 3*time.Minute), func() { w.order(h, stop{}) })
		}
		again = false
	case 4: // it is frozen for longer than its lease, and then goes on with what it had begun
		again = false
		w.fade(h, func() { w.freezeLong(h) })
	case 5:
		w.freeze(h, w.between(0, simLease/2))
	case 6:
		w.tell("does not reach the registry")
		h.cut = w.now + w.between(0, simLease*2/3)
		if w.chance(30) {
			h.cut += 2 * simLease
		}
		if w.chance(50) {
			w.after(w.between(0, h.cut-w.now), w.edit)
		}
	}
	if again {
		w.after(w.between(time.Minute, 30*time.Minute), func() { w.disturb(h) })
	}
}

// refuse lets the store take no write of a holder that drains. The drain ends all the same.
func (w *world) refuse(h *simHolder) {
	w.tell("has its writes refused")
	h.refused = w.now + w.between(0, 10*time.Minute)
	w.after(simDrain+3*simGrace, func() {
		if w.holder == h && !h.dead && !h.ordered && !h.drained {
			w.fail("the drain does not end")
		}
		w.order(h, stop{})
	})
}

// fade lets much of what a holder asks for arrive late, at about the time at which another
// one has taken over, and then goes on.
func (w *world) fade(h *simHolder, then func()) {
	began := w.now
	w.after(w.between(0, 5*time.Second), func() {
		if h.dead || h.ordered || w.holder != h {
			return
		}
		h.fades = began
		for range 3 {
			w.n++
			w.store.submit("asked", w.n, 9, w.registryTime())
		}
		w.event(h, changed{})
		soon := w.between(0, 3*time.Second)
		switch w.rand.IntN(3) {
		case 0: // while what was triggered is being claimed
			soon = w.between(0, 30*time.Millisecond)
		case 1: // while slots are being claimed
			at := w.registryTime()
			soon = at.Truncate(time.Minute).Add(time.Minute).Sub(at) + w.between(0, 30*time.Millisecond)
		}
		w.after(soon, func() {
			if !h.dead && !h.ordered && w.holder == h {
				then()
			}
		})
	})
}

// freezeLong stops a holder for longer than its lease. Then it goes on with what it had
// begun.
func (w *world) freezeLong(h *simHolder) {
	w.tell("is frozen")
	w.freeze(h, w.between(simLease, 5*time.Minute))
	w.after(h.lease-w.now, func() {
		if w.holder == h {
			w.takeOver(w.term+1, 0)
		}
	})
	w.after(h.frozen-w.now, func() {
		w.after(w.between(0, 10*time.Second), func() { w.order(h, stop{immediate: true}) })
	})
}

// freeze stops a holder for a while. What happens to it meanwhile, it learns afterwards.
func (w *world) freeze(h *simHolder, d time.Duration) {
	h.frozen = w.now + d
	w.after(d, func() {
		queued := h.queued
		h.queued = nil
		for _, e := range queued {
			w.event(h, e)
		}
		w.event(h, tick{})
	})
}

// people trigger, cancel, retry, pause and resume.
func (w *world) people() {
	w.after(w.between(10*time.Second, 3*time.Minute), func() {
		if w.calm {
			return
		}
		job := w.list[w.rand.IntN(len(w.list))].Name
		switch w.rand.IntN(6) {
		case 0, 1, 2:
			if w.chance(50) {
				job = "asked"
			}
			w.n++
			w.store.submit(job, w.n, w.rand.IntN(3), w.registryTime())
			if w.chance(30) { // of a job that may not be in the file
				w.store.submit("sometimes", w.n, w.rand.IntN(3), w.registryTime())
			}
		case 3:
			if list := w.store.list(func(r store.Run) bool { return !r.State.Ended() && r.Job != "all" }); len(list) > 0 {
				w.tell("somebody cancels %s", list[0].Key)
				w.store.cancel(list[0].Key, w.registryTime())
			}
		case 4:
			if len(w.store.failed) > 0 {
				w.store.retry(w.store.failed[w.rand.IntN(len(w.store.failed))], w.registryTime())
			}
		case 5:
			if job != "all" {
				w.tell("somebody pauses or resumes %s", job)
				w.store.pause(job, w.registryTime())
			}
		}
		if w.chance(80) {
			w.event(w.holder, changed{})
		}
		w.people()
	})
}

// edits changes the file now and then.
func (w *world) edits() {
	w.after(w.between(2*time.Minute, 40*time.Minute), func() {
		w.edit()
		w.edits()
	})
}

// edit changes the file, which the holder reads some time later.
func (w *world) edit() {
	if w.calm {
		return
	}
	w.edited++
	w.tell("the file is edited")
	w.list = simFile(w.edited)
	list, h := w.list, w.holder
	w.after(w.between(0, 5*time.Second), func() { w.event(h, redefined{list}) })
}

// clocks sets the registry's clock: a little all the time, and by steps now and then. In
// the end it is where it would have been.
func (w *world) clocks() {
	w.after(w.between(10*time.Second, time.Minute), func() {
		if w.calm {
			w.steppedAt = w.now
			w.shift = 0
			return
		}
		switch {
		case w.chance(98):
			w.shift += w.between(-50*time.Millisecond, 50*time.Millisecond)
		case w.shift.Abs() > time.Second:
			w.shift = 0
			w.steppedAt = w.now
		default:
			w.shift = w.between(-25*time.Minute, 25*time.Minute) // records are pruned after an hour
			w.steppedAt = w.now
		}
		if w.steppedAt == w.now {
			w.tell("the registry's clock is set to %v", w.shift)
		}
		w.clocks()
	})
}
