package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// chaos lets something go wrong now and again until the time of healing, often several
// things at the same instant and to the active instance.
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
	w.after(w.between(0, w.pause), func() { w.chaos(until) })
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
	switch w.rng.IntN(24) {
	case 0:
		if h.proc != nil {
			w.crash(h.proc)
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
		w.jump()
	case 11:
		w.slew(h)
	case 12, 13:
		w.handover()
	case 14:
		if p := h.proc; p != nil {
			w.note(h.n, "told to leave", 0, p.m.registration.id)
			p.deliver(leave{})
			switch w.rng.IntN(4) {
			case 0:
				w.freeze(h)
			case 1:
				w.suspend(h)
			case 2:
				w.lastWord(h)
			}
		}
	case 15:
		w.admin(h)
	case 16:
		if p := h.proc; p != nil && w.watches {
			p.setBell(!p.bellWorks)
		}
	case 17:
		w.slowDown(h)
	case 18:
		w.outage()
	case 19:
		w.note(h.n, "reads the past", 0, uuid.Nil)
		h.link.past = w.memory
		w.after(w.spell(), func() { h.link.past = nil })
	case 20:
		w.lastWord(h)
	case 21:
		w.goBack(h)
	case 22:
		switch w.rng.IntN(8) {
		case 0:
			w.flood()
		case 1:
			w.lie()
		}
	case 23:
		w.falseRing()
	}
}

// jump sets the registry's clock, mostly by minutes, now and then by hours.
func (w *world) jump() {
	far := 10 * time.Minute
	if w.chance(0.3) {
		far = 12 * time.Hour
	}
	w.step, w.stepAt = w.between(-far, far), w.now
}

// lastWord lets one more beat of a host arrive, and nothing after it. The answer to that
// beat comes as late as it can, and the process may stand still from then on.
func (w *world) lastWord(h *host) {
	w.note(h.n, "last word", 0, uuid.Nil)
	h.link = link{lastWord: true}
	w.after(h.timing.OrphanAfter+w.spell(), func() {
		if !w.healing {
			h.link = link{}
		}
	})
}

// freeze stops the process, sometimes with its guard, while the work goes on.
func (w *world) freeze(h *host) {
	p := h.proc
	if p == nil || p.frozen || w.healing {
		return
	}
	p.frozen, p.guard = true, w.chance(0.6)
	w.note(h.n, "freeze", b2i(p.guard), p.m.registration.id)
	w.after(w.spell(), func() { w.thaw(p) })
	if w.broken == willWithoutThePidfd {
		w.attest(simWill{host: h, instance: p.bequeathed.instance, term: p.bequeathed.term})
	}
}

func (w *world) thaw(p *process) {
	if p.dead || !p.frozen || p.host == w.lame {
		return
	}
	w.note(p.n, "thaw", 0, p.m.registration.id)
	p.frozen, p.guard = false, false
	p.guardLater(w.now)
	p.run()
	if !w.healing && w.chance(0.2) { // no sooner awake than gone again
		w.after(w.between(0, 300*time.Millisecond), func() { w.freeze(p.host) })
	}
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
	for _, g := range w.ghosts { // the timers are the first to run
		if g.host == h && h.local() >= g.work.lease {
			g.work.alive = false
		}
	}
	if p := h.proc; p != nil {
		p.back = p.local()
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

// slowDown makes requests take long, or only the answers to them. After late answers
// there may be none.
func (w *world) slowDown(h *host) {
	if w.chance(0.5) {
		h.link.slow = w.between(0, 8*time.Second)
		w.after(w.spell(), func() { h.link.slow = 0 })
		return
	}
	h.link.lateAnswers = w.between(h.timing.CallTimeout()/2, h.timing.CallTimeout())
	w.after(w.between(0, 3*h.timing.CallTimeout()), func() {
		h.link.lateAnswers = 0
		if !w.healing && w.chance(0.7) {
			w.freeze(h)
		}
	})
}

// slew corrects one clock as fast as chrony can.
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
