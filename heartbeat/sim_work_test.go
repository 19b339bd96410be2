package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// simWork is what an active process does: a command under a guard, or a goroutine under
// the timer of the kernel.
type simWork struct {
	term     int64
	holder   uuid.UUID
	began    time.Duration // the world's time
	alive    bool
	told     bool
	killBy   time.Duration // local, once told: the end of the time to stop
	lease    time.Duration // local, as the guard knows it
	stubborn bool          // ignores being told
	slow     time.Duration // outlives its SIGKILL for so long
	undying  bool          // survives any SIGKILL, so that only its lease counts
	warned   bool          // by the guard
	drain    *simDrain     // of its term; nil: there was none
}

func (k *simWork) simTerm() simTerm { return simTerm{k.term, k.holder} }

func (p *process) startWork(t registry.Term) {
	w := p.w
	k := &simWork{term: t.Number, holder: t.Holder, began: w.now, alive: true, lease: p.m.registration.lease}
	p.work = k
	w.voidIfLost(k)
	w.checkExclusive(p)
	w.checkStart(p)
	if !w.healing {
		k.stubborn = w.chance(0.3)
		if w.chance(0.05) {
			k.slow = w.between(0, 2*p.timing.StopGrace)
		}
		if (w.failing || w.finishing) && w.chance(0.5) {
			w.after(w.between(0, 4*time.Minute), func() { p.fail(k) })
		}
	}
	p.guardLater(p.when(k.lease - p.timing.StopGrace))
	p.write(k)
}

// fail lets the work come to an end by itself.
func (p *process) fail(k *simWork) {
	if !k.alive || p.work != k || k.told || p.w.healing {
		return
	}
	p.gone(k, p.outcome(k))
}

// outcome returns how work ends: mostly by a failure, now and then for good.
func (p *process) outcome(k *simWork) workGone {
	kinds := 20
	if p.w.finishing {
		kinds = 2
	}
	switch p.w.rng.IntN(kinds) {
	case 0:
		return workGone{term: k.term, result: done}
	case 1:
		return workGone{term: k.term, result: broken, err: errSimulated}
	}
	return workGone{term: k.term, result: failing, err: errSimulated}
}

func (p *process) gone(k *simWork, e workGone) {
	if !k.alive {
		return
	}
	k.alive = false
	if !k.told {
		p.gaveUp = p.w.now
	}
	p.w.note(p.n, "work gone", k.term, k.holder)
	notice := 5 * time.Millisecond
	if !p.w.healing && p.w.chance(0.2) {
		notice = 2 * time.Second
	}
	p.w.after(p.w.between(0, notice), func() { p.deliver(e) })
}

func (p *process) die(k *simWork) {
	if k.undying {
		return
	}
	if k.alive && (p.suspended || p.frozen && !p.guarded) { // it stands still, and so does its end
		p.w.after(time.Second, func() { p.die(k) })
		return
	}
	e := workGone{term: k.term, result: yielded}
	if k.told && p.w.failing && !p.w.healing {
		e = p.outcome(k)
	}
	p.gone(k, e)
}

func (p *process) stopWork(a stopWork) {
	k, w := p.work, p.w
	if k == nil || !k.alive {
		return
	}
	if !k.told {
		p.gaveUp = w.now
	}
	w.checkDrained(p, a)
	p.orderedToStop(k, a.immediate)
	k.told = true
	if w.settled {
		w.fail("host%d stops working in term %d for no reason", p.n, k.term)
	}
	ms := time.Millisecond
	var in time.Duration
	switch {
	case a.immediate && p.guarded:
		in = w.between(0, 50*ms) + k.slow
	case p.guarded && k.stubborn:
		in = p.timing.StopGrace + k.slow
	case k.stubborn:
		return // the machine ends the process
	case w.quick:
	case w.chance(0.7):
		in = w.between(0, 50*ms)
	default:
		in = w.between(0, p.timing.StopGrace*9/10)
	}
	w.after(in, func() { p.die(k) })
}

// guardLater has the guard check the work at an instant or earlier.
func (p *process) guardLater(at time.Duration) {
	if k := p.work; k != nil {
		p.w.after(at-p.w.now, func() { p.guardLooks(k) })
	}
}

// guardLooks ends the work in time, by the clock of the host alone: when the process does
// not run, and when the guard does not run either.
func (p *process) guardLooks(k *simWork) {
	if !k.alive || p.dead || p.suspended {
		return
	}
	p.w.checkStopped(p)
	l, g := p.local(), p.timing
	switch {
	case l >= k.lease && !p.guarded:
		p.end("killed by its timer")
	case l >= k.lease && (!p.guard || p.w.endsWithGuard(k)):
		p.die(k)
	case l >= k.lease: // it lives on, and nobody of ours runs
	case p.guard || !p.guarded:
		p.guardLater(p.when(k.lease))
	case l >= k.lease-g.KillMargin():
		p.die(k)
	case l >= k.lease-g.StopGrace:
		if !k.warned && !k.stubborn {
			k.warned = true
			p.w.after(p.w.between(0, g.StopGrace), func() {
				if p.local() >= k.lease-g.StopGrace {
					p.die(k)
				}
				k.warned = false
			})
		}
		p.guardLater(p.when(k.lease - g.KillMargin()))
	default:
		p.guardLater(p.when(k.lease - g.StopGrace))
	}
}

// hasEscapee reports whether a process of the work is in no group that the guard has tied.
func (k *simWork) hasEscapee() bool { return k.term%3 == 0 }

// endsWithGuard reports whether all of the work ends when the kernel kills a guard that does
// not run. The ties end the groups. What has escaped from them dies with the init of its PID
// namespace, which gets its parent-death signal.
func (w *world) endsWithGuard(k *simWork) bool {
	return !k.hasEscapee() || w.broken != initOutlivesItsGuard
}

// write sends the term to a resource that refuses lower ones, again and again.
func (p *process) write(k *simWork) {
	if !k.alive || p.dead {
		return
	}
	w := p.w
	if !p.suspended && (p.guarded || !p.frozen) {
		w.after(w.between(0, 200*time.Millisecond), func() { w.resource.accept(w, p, k) })
	}
	w.after(w.between(time.Second, 10*time.Second), func() { p.write(k) })
}

// resource is what the work changes.
type resource struct {
	term   int64
	holder uuid.UUID
}

func (r *resource) accept(w *world, p *process, k *simWork) {
	switch {
	case w.backAt > 0 && (k.began <= w.backAt || w.void[k.simTerm()]):
		// The numbers begin again: an older one protects nothing.
	case k.term > r.term:
		r.term, r.holder = k.term, k.holder
	case k.term < r.term:
		if k.alive && !k.undying && !p.dead && !w.void[k.simTerm()] && !p.suspended {
			w.fail("host%d: the resource refuses the live work of term %d, it has seen term %d", p.n, k.term, r.term)
		}
	case k.holder != r.holder:
		w.fail("host%d: the resource gets term %d from two holders", p.n, k.term)
	}
}
