package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// run lets one schedule happen, first chaos, then healing, and returns what was wrong.
func (w *world) run() string {
	w.calm()
	length := w.between(10*time.Minute, 90*time.Minute)
	w.after(w.between(0, time.Minute), func() { w.chaos(length) })
	w.runUntil(length)
	w.heal()
	w.runUntil(max(w.now, w.lastLate, w.started))
	for w.violation == "" && w.lastLate > w.now+time.Second {
		w.runUntil(w.lastLate)
	}
	w.awaitActive()
	w.awaitOrphans()
	w.drill()
	return w.violation
}

// heal ends all faults. Requests and answers that are under way still arrive late.
func (w *world) heal() {
	if w.violation != "" {
		return
	}
	w.healing, w.healed = true, w.now
	w.weather, w.lies = weather{}, false
	lame := w.victimHost()
	if w.chance(0.7) {
		lame = nil
	}
	for _, h := range w.hosts {
		h.link = link{}
		w.resume(h)
		if h.slew != 0 {
			h.slew = 0
			h.setClock()
		}
		if h.proc != nil {
			w.thaw(h.proc)
		}
		if h.proc != nil {
			h.proc.drainSoon()
		}
		if h == lame {
			w.lame = lame
			w.lose(h)
		}
		h.start()
	}
	w.note(-1, "healed", 0, uuid.Nil)
}

// lose makes a host useless for good, in one way or another.
func (w *world) lose(h *host) {
	w.note(h.n, "lost for good", 0, uuid.Nil)
	switch w.rng.IntN(6) {
	case 0:
		h.link.noAnswers = true
	case 1:
		h.link.noAnswers, h.link.onlyBeats = true, true
	case 2:
		h.link.noRequests = true
	case 3:
		h.away = true
		if h.proc != nil {
			h.proc.end("crash")
		}
	case 4:
		h.away = true
		if h.proc != nil {
			h.proc.frozen, h.proc.guard = true, w.chance(0.5)
		}
	case 5:
		h.away = true
		if h.proc != nil {
			w.haunt(h.proc)
		}
	}
}

// haunt makes the guarded work of a process survive its SIGKILL, and tells the process to
// stop.
func (w *world) haunt(p *process) {
	if k := p.work; k != nil && p.guarded {
		w.note(p.n, "will not die", k.term, k.holder)
		k.undying = true
	}
	if w.chance(0.5) {
		w.note(p.n, "told to leave", 0, p.m.registration.id)
		p.deliver(leave{})
		return
	}
	w.after(p.timing.Overdue(), func() { // its idea of the registry's clock is right by then
		if t := w.store.view().Latest; t != nil && t.Open() && t.Holder == p.m.registration.id && p.m.phase == member {
			w.note(-1, "hand-over asked for", t.Number, uuid.Nil)
			w.store.requestHandover(t.Number, uuid.Nil)
			w.ring(t.Holder)
			return
		}
		p.deliver(leave{})
	})
}

// slowest returns the longest time that any instance of the group may take until one is
// active, and the longest T.
func (w *world) slowest() (patience, orphanAfter time.Duration) {
	for _, h := range w.hosts {
		t := h.timing
		patience = max(patience, t.OrphanAfter+t.CallTimeout()+5*t.Interval)
		orphanAfter = max(orphanAfter, t.OrphanAfter)
	}
	if w.backAt > 0 { // first the holder of the restored term, then whoever claims a later one
		patience += orphanAfter
	}
	return patience, orphanAfter
}

func (w *world) active() bool {
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.work != nil && p.work.alive && !p.work.told && h != w.lame && p.believes() {
			return true
		}
	}
	return false
}

// awaitActive checks that one instance is active within T, the timeout of a request and
// 5·I of the last delayed request, on clocks that drift.
func (w *world) awaitActive() {
	patience, orphanAfter := w.slowest()
	if w.lame != nil {
		patience += orphanAfter // until it has noticed
	}
	from := max(w.now, w.started)
	for w.violation == "" && !w.active() {
		w.runUntil(w.now + time.Second)
		from = max(from, w.started)
		if w.now > from+patience*102/100 || w.now > w.healed+2*time.Hour { // they start and quit again and again
			w.fail("nobody is active %v after everything was healed", w.now-from)
		}
	}
	w.waited = w.now - from
}

// awaitOrphans checks that in a group without faults the active instance stays active,
// and that some time later only running instances are registered.
func (w *world) awaitOrphans() {
	patience, orphanAfter := w.slowest()
	if w.lame == nil {
		w.runUntil(max(w.now, w.started, w.healed) + patience)
		w.settled = true
		w.checkLeft()
		w.runUntil(w.now + 30*time.Second)
	}
	limit := w.now + 21*time.Minute + 3*orphanAfter // the registry's clock was off by up to 20
	for w.violation == "" && !w.tidy() {
		w.runUntil(w.now + 5*time.Second)
		if w.now > limit {
			w.fail("%d records of %d processes are left", len(w.store.instances), len(w.hosts))
		}
	}
	if w.violation == "" && w.lame == nil && !w.active() {
		w.fail("nobody is active any more")
	}
}

func (w *world) tidy() bool {
	live := 0
	for _, h := range w.hosts {
		if p := h.proc; p != nil {
			if _, ok := w.store.instances[p.m.registration.id]; ok {
				live++
			}
		}
	}
	spoilt := 0 // whoever cannot read a record leaves it alone
	for id := range w.store.spoilt {
		if _, ok := w.store.instances[id]; ok && !w.runs(id) {
			spoilt++
		}
	}
	return live+spoilt == len(w.store.instances) || w.lame != nil
}

// runs reports whether a process is registered as id.
func (w *world) runs(id uuid.UUID) bool {
	for _, h := range w.hosts {
		if h.proc != nil && h.proc.m.registration.id == id {
			return true
		}
	}
	return false
}

// drill lets one thing happen to a group without any other fault: a handover, a stop, a
// crash, the end of the work, or a rolling restart.
func (w *world) drill() {
	if w.violation != "" || w.lame != nil {
		return
	}
	w.settled, w.drilling = false, true
	i, g, t := time.Duration(0), time.Duration(0), time.Duration(0)
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.work != nil {
			p.work.stubborn, p.work.slow = false, 0
		}
		i, g, t = max(i, h.timing.Slack()), max(g, h.timing.StopGrace), max(t, h.timing.OrphanAfter)
	}
	if w.drains {
		w.drainTime = w.between(0, 10*time.Minute)
	}
	if oneCallHangs {
		i += w.hangOne()
	}
	term, first := w.highest, w.firstInLine()
	switch w.rng.IntN(7) {
	case 5, 6:
		for range 8 {
			w.leaveInOrder()
			w.runUntil(w.now + 6*time.Second) // whoever leaves is started again within 5 s
		}
	case 0, 1:
		w.handover()
		if t := w.store.view().Latest; t.Handover != nil && t.Handover.To != uuid.Nil {
			first = nil
		}
		w.expectNext(term, w.disturb(g+5*i, t+5*i), "a hand-over")
		w.checkHeadStart(first, "a hand-over")
	case 2:
		for _, h := range w.hosts {
			if p := h.proc; p != nil && p.work != nil && p.work.alive {
				w.note(h.n, "told to leave", 0, p.m.registration.id)
				p.deliver(leave{})
			}
		}
		w.expectNext(term, w.disturb(g+5*i, t+5*i), "a stop")
		w.checkHeadStart(first, "a stop")
	case 3:
		for _, h := range w.hosts {
			if p := h.proc; p != nil && p.work != nil && p.work.alive {
				p.end("crash")
			}
		}
		if w.hung == kindDeleteOrphan { // it may be carried out: nobody knows who deleted it, and all wait for T again
			t *= 2
		}
		w.expectNext(term, t+5*i, "a crash")
	case 4:
		for _, h := range w.hosts {
			if p := h.proc; p != nil && p.work != nil && p.work.alive {
				p.gone(p.work, workGone{term: p.work.term, result: done})
			}
		}
		w.expectNext(term, 6*time.Second+10*i, "the end of the work") // who goes is started again within 5 s
	}
	w.runUntil(w.now + 6*time.Second) // a release takes 5 s at most
	w.checkLeft()
}

// hangOne lets one request of one instance hang, now or soon. It returns a fifth of what
// that may cost, which is the time after which the request is given up.
func (w *world) hangOne() time.Duration {
	if w.chance(0.4) {
		return 0
	}
	h := w.victimHost()
	w.hung = kinds[w.rng.IntN(len(kinds))]
	h.link.hang = w.hung
	w.note(h.n, string(h.link.hang), 0, uuid.Nil)
	w.runUntil(w.now + w.between(0, h.timing.CallTimeout()))
	return h.timing.CallTimeout() / 5
}

// expectNext checks that another instance is active in the next term within the time
// given.
func (w *world) expectNext(term int64, within time.Duration, after string) {
	from := w.now
	for w.violation == "" && !(w.active() && w.highest > term) {
		w.runUntil(w.now + 100*time.Millisecond)
		if w.now-from > within*102/100 {
			w.fail("nobody is active %v after %s", w.now-from, after)
		}
	}
	if w.violation == "" && w.highest != term+1 {
		w.fail("term %d after term %d and %s", w.highest, term, after)
	}
}
