package heartbeat

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// ghost is work that lives on although its process was killed, until its guard has killed
// it or the lease ends.
type ghost struct {
	host *host
	work *simWork
}

// simWill is what a guard knows of a process when that is killed.
type simWill struct {
	host     *host
	instance uuid.UUID
	term     int64
	work     *simWork      // that may live on; nil: there was none
	until    time.Duration // the world's time
}

// crash kills a process, as kill -9 does. Most processes have a guard that carries out the
// last will: before, during or after a takeover, several times, or an hour later.
func (w *world) crash(p *process) {
	will := simWill{host: p.host, instance: p.bequeathed.instance, term: p.bequeathed.term, work: p.work}
	if p.work != nil && p.work.alive && p.guarded && !p.suspended && !p.work.undying {
		w.note(p.n, "work outlives its process", p.work.term, p.work.holder)
		if w.backAt > 0 && p.work.began <= w.backAt {
			w.void[p.work.simTerm()] = true
		}
		w.ghosts = append(w.ghosts, &ghost{p.host, p.work})
		g := w.ghosts[len(w.ghosts)-1]
		p.work = nil
		in := w.between(0, 50*time.Millisecond)
		if w.chance(0.2) { // its guard is slow, or frozen
			in = w.between(0, p.timing.OrphanAfter)
		}
		w.after(in, func() { g.die(w) })
		w.after(p.when(g.work.lease)-w.now, func() {
			if w.endsWithGuard(g.work) {
				g.die(w)
			}
		})
	}
	p.end("crash")
	if will.instance == uuid.Nil || w.chance(0.2) { // its guard was killed too
		return
	}
	for n := 1 + w.rng.IntN(2); n > 0; n-- {
		in := w.between(0, 100*time.Millisecond)
		switch w.rng.IntN(5) {
		case 0:
			in = w.between(0, 2*p.timing.OrphanAfter)
		case 1:
			in = w.between(0, time.Hour)
		}
		w.after(in, func() { w.attest(will) })
	}
}

// die ends work that outlives its process, unless its host stands still.
func (g *ghost) die(w *world) {
	if g.work.alive && g.host.suspended {
		w.after(time.Second, func() { g.die(w) })
		return
	}
	g.work.alive = false
}

// voidGhosts takes away the protection of work that outlives its process: no process can
// see any more that somebody changed the terms, nor say in which one it works.
func (w *world) voidGhosts() {
	for _, g := range w.ghosts {
		w.void[g.work.simTerm()] = true
	}
}

// attest carries out a last will once the work is dead. Requests may get lost.
func (w *world) attest(will simWill) {
	if will.until == 0 {
		will.until = w.now + will.host.timing.OrphanAfter
	}
	switch {
	case w.now >= will.until:
		return
	case will.work != nil && will.work.alive && w.broken != willBeforeTheTreeIsDead, will.host.suspended, will.host.link.noRequests,
		w.chance(w.weather.lose + w.weather.fail):
		w.after(200*time.Millisecond, func() { w.attest(will) })
		return
	}
	in := w.between(200*time.Microsecond, 10*time.Millisecond)
	if w.chance(w.weather.late) {
		in = w.between(0, 5*time.Minute)
	}
	w.after(in, func() {
		if will.term > 0 {
			w.carryOut(will, endOf(will.term, will.instance, registry.End{Reason: registry.Crashed}))
		}
		w.after(w.between(0, 10*time.Millisecond), func() {
			if w.chance(0.95) { // or it is killed in between
				w.carryOut(will, request{kind: kindUnregister, id: will.instance})
			}
		})
	})
}

// carryOut lets the registry carry out one request of a last will, and checks that it
// concerns a dead instance whose work is dead.
func (w *world) carryOut(will simWill, c request) {
	w.note(will.host.n, "last will: "+string(c.kind), c.number, c.id)
	before := w.store.view().Latest
	if before != nil && before.Open() && c.kind == kindEndTerm && w.broken == willEndsALaterTerm {
		c.number, c.id = before.Number, before.Holder
	}
	if will.work != nil && will.work.alive && !w.void[will.work.simTerm()] {
		w.fail("the last will of host%d: %s although the work of term %d is alive", will.host.n, c.kind, will.work.term)
	}
	for _, h := range w.hosts {
		if o := h.proc; o != nil && o.m.registration.id == will.instance {
			w.fail("the last will of host%d: %s although its process lives", h.n, c.kind)
		}
	}
	ends := c.kind == kindUnregister && ringsAtItsEnd(w.store.instances[c.id])
	_ = c.do(context.Background(), w.reg, simGroup)
	if ends {
		w.ring(uuid.Nil)
	}
	after := w.store.view().Latest
	switch {
	case before == nil || after == nil || before.Open() == after.Open():
	case before.Holder != will.instance:
		w.fail("the last will of host%d ends term %d of another", will.host.n, before.Number)
	default:
		w.ring(uuid.Nil)
	}
}
