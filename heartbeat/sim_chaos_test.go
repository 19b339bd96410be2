package heartbeat

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// chaos lets something go wrong now and again, often several things at the
// same instant and to the active one, until the time of healing.
func (w *world) chaos(until time.Duration) {
	if w.now >= until || w.healing {
		return
	}
	victim := w.victimHost()
	for n := 1 + w.rng.IntN(3); n > 0; n-- {
		w.fault(victim)
		if w.chance(0.5) {
			victim = w.victimHost()
		}
	}
	w.after(w.between(time.Second, 2*time.Minute), func() { w.chaos(until) })
}

func (w *world) victimHost() *host {
	if w.chance(0.6) {
		for _, h := range w.hosts {
			if p := h.proc; p != nil && p.work != nil && p.work.alive {
				return h
			}
		}
	}
	return w.hosts[w.rng.IntN(len(w.hosts))]
}

// spell is how long a fault lasts: often short, sometimes longer than any lease.
func (w *world) spell() time.Duration {
	switch w.rng.IntN(3) {
	case 0:
		return w.between(0, 10*time.Second)
	case 1:
		return w.between(0, time.Minute)
	}
	return w.between(30*time.Second, 4*time.Minute)
}

func (w *world) fault(h *host) {
	switch w.rng.IntN(20) {
	case 0:
		if h.proc != nil {
			h.proc.end("crash")
		}
	case 1, 2, 3:
		w.freeze(h)
	case 4:
		w.suspend(h)
	case 5, 6:
		w.cut(h)
	case 7:
		w.storm()
	case 8, 9, 10:
		w.note(-1, "the registry's clock jumps", 0, uuid.Nil)
		w.step = w.between(-10*time.Minute, 10*time.Minute)
	case 11:
		w.slew(h)
	case 12, 13:
		w.handover()
	case 14:
		if p := h.proc; p != nil {
			w.note(h.n, "told to leave", 0, p.m.id)
			p.deliver(leave{})
		}
	case 15:
		w.admin(h)
	case 16:
		if p := h.proc; p != nil && w.watches {
			p.setWatch(!p.watch)
		}
	case 17:
		h.link.slow = w.between(0, 8*time.Second)
		w.after(w.spell(), func() { h.link.slow = 0 })
	case 18:
		w.outage()
	case 19:
		w.note(h.n, "reads the past", 0, uuid.Nil)
		h.link.past = w.store.clone()
		w.after(w.spell(), func() { h.link.past = nil })
	}
}

// freeze stops the process, sometimes with its guard; the work goes on.
func (w *world) freeze(h *host) {
	p := h.proc
	if p == nil || p.frozen {
		return
	}
	p.frozen, p.guard = true, w.chance(0.6)
	w.note(h.n, "freeze", b2i(p.guard), p.m.id)
	w.after(w.spell(), func() { w.thaw(p) })
}

func (w *world) thaw(p *process) {
	if p.dead || !p.frozen {
		return
	}
	w.note(p.n, "thaw", 0, p.m.id)
	p.frozen, p.guard = false, false
	p.guardLater(w.now)
	p.run()
}

// suspend stops the whole machine, but not its clock.
func (w *world) suspend(h *host) {
	if h.suspended {
		return
	}
	w.note(h.n, "suspend", 0, uuid.Nil)
	h.suspended = true
	h.setClock()
	w.after(w.spell(), func() { w.resume(h) })
}

func (w *world) resume(h *host) {
	if !h.suspended {
		return
	}
	w.note(h.n, "resume", 0, uuid.Nil)
	h.suspended = false
	h.setClock()
	if p := h.proc; p != nil {
		if k := p.work; k != nil {
			p.guardLooks(k) // the timers are the first to run
			if k.alive && !p.dead {
				w.checkExclusive(p)
			}
		}
		p.run()
	}
}

// cut partitions a host, perhaps in one direction only.
func (w *world) cut(h *host) {
	l := link{noRequests: w.chance(0.6), noAnswers: w.chance(0.6), onlyBeats: w.chance(0.2)}
	w.note(h.n, "cut off", b2i(l.noRequests)*2+b2i(l.noAnswers), uuid.Nil)
	h.link = l
	w.after(w.spell(), func() {
		if !w.healing {
			h.link = link{}
		}
	})
}

// storm makes the registry unreliable for all.
func (w *world) storm() {
	w.note(-1, "storm", 0, uuid.Nil)
	p := func() float64 { return 0.3 * w.rng.Float64() * w.rng.Float64() }
	w.weather = weather{lose: p(), loseAnswer: p(), fail: p(), failApplied: p(), late: p()}
	if w.chance(0.5) {
		w.weather.slow = w.between(0, 6*time.Second)
	}
	w.after(w.spell(), w.calm)
}

// calm is the weather of an ordinary day: now and then a call fails.
func (w *world) calm() {
	if w.healing {
		return
	}
	w.weather = weather{lose: 0.001, loseAnswer: 0.001, fail: 0.001, failApplied: 0.001, late: 0.001}
}

// outage makes every call fail.
func (w *world) outage() {
	w.note(-1, "outage", 0, uuid.Nil)
	w.weather = weather{lose: 1}
	if w.chance(0.5) {
		w.weather = weather{fail: 1}
	}
	w.after(w.spell(), w.calm)
}

// slew has chrony correct one clock at its fastest.
func (w *world) slew(h *host) {
	for _, o := range w.hosts {
		if o.slew != 0 {
			return
		}
	}
	h.slew = 80000 - 160000*w.rng.Int64N(2)
	w.note(h.n, "slew", h.slew, uuid.Nil)
	h.setClock()
	w.after(w.between(0, 15*time.Minute), func() {
		h.slew = 0
		h.setClock()
	})
}

// handover asks the active one to step down, for anybody or for one.
func (w *world) handover() {
	t := w.store.view().Latest
	if t == nil || !t.Open() {
		return
	}
	var to uuid.UUID
	if h := w.hosts[w.rng.IntN(len(w.hosts))]; h.proc != nil && w.chance(0.5) {
		to = h.proc.m.id
	}
	w.note(-1, "hand-over asked for", t.Number, to)
	w.store.requestHandover(t.Number, to)
	w.termsChanged()
}

// admin deletes registrations by hand, or ends a term.
func (w *world) admin(h *host) {
	switch w.rng.IntN(4) {
	case 0:
		w.note(-1, "instances emptied", 0, uuid.Nil)
		clear(w.store.instances)
	case 1:
		w.voidTerm()
	default:
		if p := h.proc; p != nil {
			w.note(-1, "registration deleted", 0, p.m.id)
			delete(w.store.instances, p.m.id)
		}
	}
}

// voidTerm ends a term by hand, which frees the group before the work is gone;
// that is not the protocol's doing, so this work may overlap with the next.
func (w *world) voidTerm() {
	t := w.store.view().Latest
	if t == nil || !t.Open() {
		return
	}
	w.void[t.Number] = true
	w.note(-1, "term ended by hand", t.Number, t.Holder)
	_ = w.store.EndTerm(context.Background(), simGroup, t.Number, t.Holder, registry.End{Reason: registry.Stopped})
	w.termsChanged()
}

// termsChanged wakes whoever watches, some late and some not at all.
func (w *world) termsChanged() {
	if !w.watches {
		return
	}
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.watch && !w.chance(0.05) {
			in := w.between(0, 20*time.Millisecond)
			if w.chance(0.05) {
				in = w.between(0, 10*time.Second)
			}
			w.after(in, func() { p.deliver(woken{}) })
		}
	}
}
