package scheduler

import (
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// simAttempt is an attempt that a holder has started.
type simAttempt struct {
	run    store.Run
	begins time.Duration // when its command is started; before, it reads its payload
	over   bool
}

// start starts an attempt.
func (w *world) start(h *simHolder, r store.Run) {
	w.checkStart(h, r)
	w.started[simAttemptID{r.Key, r.Attempt}] = true
	w.active[r.Key]++
	w.perJob[r.Job]++
	at := &simAttempt{run: r, begins: w.now}
	if w.chance(10) {
		at.begins += w.between(0, 5*time.Second)
	}
	h.live[r.Key] = at
	h.wills[r.Key] = &simWill{left: h.machine.left(r)}
	w.tell("starts %s attempt %d", r.Key, r.Attempt)
	e := ending{end: store.AttemptCompleted}
	switch {
	case w.calm:
	case w.chance(20):
		e = ending{end: store.AttemptFailed, code: 1}
	case w.chance(5):
		e = ending{end: store.AttemptTimedOut}
	case w.chance(2): // it takes the lease for too short
		e, at.begins = ending{end: store.AttemptExited, unstarted: true}, h.lease
	}
	took := w.between(10*time.Millisecond, 5*time.Second)
	if w.chance(10) {
		took = w.between(0, 4*time.Minute)
	}
	w.after(took, func() { w.endAttempt(h, at, e) })
	w.guard(h, at)
}

// guard ends an attempt with the lease.
func (w *world) guard(h *simHolder, at *simAttempt) {
	w.after(h.lease-time.Second-w.now, func() {
		switch {
		case at.over:
		case w.now < h.lease-time.Second:
			w.guard(h, at)
		default:
			w.endAttempt(h, at, ending{end: store.AttemptExited, unstarted: w.now < at.begins})
		}
	})
}

// over takes note that nothing is left of an attempt.
func (w *world) over(h *simHolder, at *simAttempt) {
	at.over = true
	w.active[at.run.Key]--
	w.perJob[at.run.Job]--
	delete(h.live, at.run.Key)
}

func (w *world) endAttempt(h *simHolder, at *simAttempt, e ending) {
	if at.over {
		return
	}
	w.over(h, at)
	if e.unstarted {
		w.unstarted[simAttemptID{at.run.Key, at.run.Attempt}] = true
	}
	if will := h.wills[at.run.Key]; will != nil && !e.unstarted {
		e := e
		e.at = will.left.At.Add(h.base + w.now - will.left.Local)
		will.end = &e
	}
	w.tell("%s attempt %d is over: %s", at.run.Key, at.run.Attempt, e.end)
	w.event(h, attemptEnded{key: at.run.Key, end: e})
}
