package heartbeat

import "time"

// lateTick is how late a tick may come in this world, by any clock.
const lateTick = 350 * time.Millisecond

// checkStopped checks that work whose lease nobody renews is told to stop by D − G. In this
// process it must be gone by D − K, or when the time that it was given is over. Under the
// guard it may live for a grace longer, and the process until D at least. A process that
// was away has as long as a tick may be late, counted from its return.
func (w *world) checkStopped(p *process) {
	k, l, g := p.work, p.local(), p.timing
	if k == nil || !k.alive || p.dead || p.stopped() || l-p.back <= lateTick {
		return
	}
	if over := l - (k.lease - g.StopGrace); !k.told && over > lateTick {
		w.fail("host%d's work of term %d is not told to stop %v after D − G", p.n, k.term, over)
	}
	if !k.told {
		return
	}
	by, what := min(k.killBy, k.lease-g.KillMargin()), "D − K, or the end of its grace"
	if p.guarded {
		by, what = max(k.killBy+g.StopGrace, k.lease), "D, and the end of its guard's grace"
	}
	if l-by > lateTick {
		w.fail("host%d and its work of term %d live on %v after %s", p.n, k.term, l-by, what)
	}
}

// orderedToStop notes until when the work has to be gone.
func (p *process) orderedToStop(k *simWork, immediate bool) {
	by := p.local() + p.timing.StopGrace
	if immediate {
		by = p.local() + p.timing.LetGo()
		if p.guarded {
			by = p.local()
		}
	}
	if !k.told || by < k.killBy {
		k.killBy = by
	}
}
