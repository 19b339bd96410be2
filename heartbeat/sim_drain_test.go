package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// simDrain is a call of Drain.
type simDrain struct {
	number   int64
	began    time.Duration // the world's time
	returned bool          // by itself
}

// startDrain lets the work drain, for no time up to for ever.
func (p *process) startDrain(number int64) {
	w, k := p.w, p.work
	switch {
	case k.drain != nil:
		w.fail("host%d drains its work of term %d twice", p.n, k.term)
	case k.told, p.local() >= p.m.registration.lease:
		w.fail("host%d drains its work of term %d, which has to stop", p.n, k.term)
	}
	d := &simDrain{number: number, began: w.now}
	k.drain, p.drain = d, d
	var takes time.Duration
	switch {
	case w.drilling:
		takes = w.drainTime
	case w.healing:
		takes = w.between(0, 10*time.Second)
		w.lastLate = max(w.lastLate, w.now+takes)
	default:
		switch w.rng.IntN(5) {
		case 0:
		case 1:
			takes = w.between(0, time.Second)
		case 2:
			takes = w.between(0, time.Minute)
		case 3:
			takes = w.between(0, 20*time.Minute)
		case 4:
			takes = 24 * time.Hour
		}
		w.after(w.between(0, 3*time.Minute), func() { w.interfere(p, d) })
	}
	w.after(takes, func() { p.drainReturns(d) })
}

// drainReturns lets a drain return by itself.
func (p *process) drainReturns(d *simDrain) {
	if p.drain == d && !d.returned {
		d.returned = true
		p.w.note(p.n, "drain returns", d.number, p.m.registration.id)
		p.deliver(drained{d.number})
	}
}

// endDrain ends the context of the drain, which notices that sooner or later.
func (p *process) endDrain() {
	w, d := p.w, p.drain
	if d == nil {
		w.fail("host%d ends a drain, and has none", p.n)
		return
	}
	p.drain = nil
	w.drained[b2i(!d.returned)]++
	if !d.returned {
		late := time.Second
		if !w.healing && w.chance(0.5) { // another one may go on by then
			late = 20 * time.Minute
		}
		w.after(w.between(0, late), func() { p.deliver(drained{d.number}) })
	}
}

// drainSoon makes a drain that goes on return soon.
func (p *process) drainSoon() {
	if d := p.drain; d != nil {
		in := p.w.between(0, 20*time.Second)
		p.w.lastLate = max(p.w.lastLate, p.w.now+in)
		p.w.after(in, func() { p.drainReturns(d) })
	}
}

// interfere gives a process that drains another order, now and again.
func (w *world) interfere(p *process, d *simDrain) {
	if p.drain != d || w.healing {
		return
	}
	switch w.rng.IntN(8) {
	case 0, 1:
		w.note(p.n, "told to leave", 0, p.m.registration.id)
		p.deliver(leave{})
	case 2:
		w.note(p.n, "told to leave", 1, p.m.registration.id)
		p.deliver(leave{immediate: true})
	case 3:
		w.handover()
	case 4:
		w.freeze(p.host)
	case 5:
		w.lastWord(p.host)
	}
}

// checkDrained checks that work is told to stop in order only when its drain is over, and
// that nothing else stops it where nothing goes wrong.
func (w *world) checkDrained(p *process, a stopWork) {
	k := p.work
	over := k.drain != nil && k.drain.returned
	switch {
	case !w.drains || over || a.immediate && (k.drain == nil || p.ordered):
	case a.cause == ErrStopped, a.cause == ErrHandedOver:
		w.fail("host%d's work of term %d is told to stop before it is drained", p.n, k.term)
	case w.drilling:
		w.fail("host%d's work of term %d is told to stop while it drains: %v", p.n, k.term, a.cause)
	}
}

// checkDrain checks that no drain goes on once the work is gone or was told to stop.
func (w *world) checkDrain(p *process) {
	if k := p.work; p.drain != nil && (k.told || !p.m.tenure.work.running) {
		w.fail("host%d drains its work of term %d, which is told to stop (%v) or gone", p.n, k.term, k.told)
	}
}

// checkLeft checks that every process that was told to leave has left.
func (w *world) checkLeft() {
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.ordered && p.drain == nil && h != w.lame {
			w.fail("host%d was told to leave, and is still there in phase %s", p.n, p.m.phase)
		}
	}
}

// disturb lets something happen during the drain of the drill, or nothing. It returns
// within which time the next instance has to be active: what it takes after the drain, or
// after a crash.
func (w *world) disturb(after, crash time.Duration) time.Duration {
	if !w.drains {
		return after
	}
	if w.hung == kindDeleteOrphan { // as after a crash without a drain
		crash += crash
	}
	begun := w.now
	w.runUntil(w.now + w.between(0, max(w.drainTime, time.Second)))
	left := max(w.drainTime-(w.now-begun), 0) + after
	for _, h := range w.hosts {
		p := h.proc
		if p == nil || p.drain == nil || w.violation != "" {
			continue
		}
		switch w.rng.IntN(8) {
		case 0, 1:
			w.note(p.n, "told to leave", 0, p.m.registration.id)
			p.deliver(leave{})
		case 2:
			w.note(p.n, "told to leave", 1, p.m.registration.id)
			p.deliver(leave{immediate: true})
			if !p.guarded { // it has a moment, and the process goes if that is too short
				return crash
			}
			return after
		case 3:
			w.handover()
		case 4:
			p.end("crash")
			return crash
		case 5:
			w.note(p.n, "the work fails", p.work.term, uuid.Nil)
			p.gone(p.work, workGone{term: p.work.term, result: failing, err: errSimulated})
			return after
		}
	}
	return left
}
