package scheduler

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs/store"
)

// simHolder is an instance in its term.
type simHolder struct {
	machine *machine
	id      store.Holder
	base    time.Duration // of its local clock
	lease   time.Duration
	frozen  time.Duration // until then it does not run
	cut     time.Duration // until then it does not reach the registry
	refused time.Duration // until then the store takes no write of it
	drained bool          // it said that it is
	queued  []event
	fades   time.Duration // since when much of what it asks for arrives late; 0: it does not
	ordered bool          // it was told to stop
	drains  bool          // it was told to drain
	dead    bool
	wake    int // number of the tick that counts
	live    map[store.Key]*simAttempt
	sealed  time.Duration // when its term was sealed; 0: not yet
	wills   map[store.Key]*simWill
}

// takeOver begins a term: the next one, or the same one again after work that failed.
func (w *world) takeOver(term int64, lease time.Duration) {
	w.again[term] = w.term == term
	w.term = term
	h := &simHolder{
		id:   store.Holder{Group: "g", Term: term, Instance: uuid.UUID{15: byte(term), 14: byte(term >> 8)}},
		base: w.between(0, 1000*time.Hour), lease: max(lease, w.now+simLease), live: map[store.Key]*simAttempt{}, wills: map[store.Key]*simWill{},
	}
	h.machine = newMachine(settings{
		holder: h.id, host: "h", stopGrace: simGrace, killMargin: simGrace / 10, maxRuns: simRuns,
		poll: 5 * time.Second, pruneEvery: time.Minute, minAge: time.Hour,
		strayEvery: time.Minute, slotPatience: simSlotPatience, askedPatience: simAskedPatience,
		newNonce: func() uuid.UUID {
			w.n++
			return uuid.UUID{0: 1, 12: byte(w.n >> 24), 13: byte(w.n >> 16), 14: byte(w.n >> 8), 15: byte(w.n)}
		},
		jitter: func(d time.Duration) time.Duration { return d + w.between(0, d/5) },
	}, w.list, h.base+h.lease)
	w.holder = h
	w.tell("begins")
	w.event(h, beat{w.registryTime(), h.base + w.now, h.base + w.now})
	w.beats(h)
	w.watchLease(h)
	w.after(w.between(time.Minute, 30*time.Minute), func() { w.disturb(h) })
}

// beats renews the lease.
func (w *world) beats(h *simHolder) {
	w.after(simBeat, func() {
		if h.dead || w.now >= h.lease {
			return
		}
		if w.now >= h.frozen && w.now >= h.cut && (w.calm || !w.chance(5)) {
			sent, there, back := w.now, w.between(0, 10*time.Millisecond), w.between(0, 10*time.Millisecond)
			if !w.calm && w.chance(3) {
				there, back = w.between(0, 5*time.Second), w.between(0, 5*time.Second)
			}
			w.after(there, func() {
				at := w.registryTime()
				w.after(back, func() {
					if h.dead || w.now >= h.lease || w.now < h.frozen { // a frozen one does not learn of it in time
						return
					}
					h.lease = max(h.lease, sent+simLease)
					w.event(h, extended{h.base + h.lease})
					w.event(h, beat{at, h.base + sent, h.base + w.now})
				})
			})
		}
		w.beats(h)
	})
}

// watchLease tells the holder to stop before its lease is over, and ends it with its lease.
func (w *world) watchLease(h *simHolder) {
	w.after(h.lease-simGrace-w.now, func() {
		switch {
		case h.dead:
		case w.now < h.lease-simGrace:
			w.watchLease(h)
		default:
			w.tell("the lease runs out")
			w.order(h, stop{})
			w.after(h.lease-w.now, func() {
				if w.now >= h.frozen { // what is frozen goes on later, with what it had begun
					w.kill(h)
				}
			})
		}
	})
}

// order tells the holder to stop, once.
func (w *world) order(h *simHolder, s stop) {
	if !h.ordered || s.immediate {
		h.ordered = true
		w.event(h, s)
	}
}

// kill ends the holder with everything of it. It may have a last will, which ends its term.
func (w *world) kill(h *simHolder) {
	if h.dead {
		return
	}
	begins := w.bequeath(h, h.lease-w.now)
	if w.store.broken == willBeforeGone {
		w.settle(h, h.wills)
		w.runUntil(w.now + 30*time.Millisecond)
	}
	for _, at := range h.live {
		w.over(h, at)
	}
	w.gone(h, begins)
}

// gone lets the next holder take over.
func (w *world) gone(h *simHolder, in time.Duration) {
	h.dead = true
	if w.holder == h {
		w.after(in, func() {
			if w.holder == h {
				w.takeOver(w.term+1, 0)
			}
		})
	}
}

// event gives the holder's machine an event, now or when it runs again.
func (w *world) event(h *simHolder, e event) {
	if h.dead || w.violation != "" {
		return
	}
	if w.now < h.frozen {
		h.queued = append(h.queued, e)
		return
	}
	if _, ok := e.(drain); ok {
		h.drains = true
	}
	if _, ok := e.(stop); ok {
		h.drains = true
	}
	for _, a := range h.machine.step(h.base+w.now, e) {
		w.perform(h, a)
		if h.dead {
			return
		}
	}
	for k := range h.wills {
		if !h.machine.unrecorded(k) {
			delete(h.wills, k)
		}
	}
	h.wake++
	wake := h.wake
	w.after(max(h.machine.deadline()-h.base-w.now, time.Millisecond), func() {
		if wake == h.wake {
			w.event(h, tick{})
		}
	})
}

func (w *world) perform(h *simHolder, a action) {
	switch a := a.(type) {
	case request:
		w.request(h, a)
	case startAttempt:
		w.start(h, a.run)
	case stopAttempt:
		if at := h.live[a.key]; at != nil {
			took := w.between(0, simGrace)
			if a.immediate {
				took = 0
			}
			w.after(took, func() { w.endAttempt(h, at, ending{end: store.AttemptExited, unstarted: w.now < at.begins}) })
		}
	case note:
		w.tell("%s %s %s %v", a.fact, a.run.Key, a.text, a.err)
	case outcome:
		w.tell("recorded %s %s", a.run.Key, a.run.State)
		delete(w.untold, a.run.Key)
	case delivery:
		w.after(w.between(0, 2*time.Second), func() {
			if !w.calm && w.chance(30) {
				w.event(h, delivered{key: a.run.Key, err: errSim, again: true})
				return
			}
			w.told[a.run.Key] = true
			w.event(h, delivered{key: a.run.Key})
		})
	case drained:
		if len(h.live) > 0 {
			w.fail("drained while %d attempts run", len(h.live))
		}
		h.drained = true
		w.after(w.between(0, time.Second), func() { w.order(h, stop{}) })
	case finish:
		switch {
		case len(h.live) > 0:
			w.fail("the lead returned while %d attempts ran", len(h.live))
		case !h.ordered:
			w.fail("the lead returned although nobody told it to")
		}
		w.tell("ends")
		if w.holder == h && w.now < h.lease-simGrace && w.chance(20) { // the work failed, and is started again
			h.dead = true
			w.takeOver(h.id.Term, h.lease)
			return
		}
		w.gone(h, w.between(0, time.Second))
	}
}
