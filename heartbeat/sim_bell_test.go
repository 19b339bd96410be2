package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// bellWeather is how likely a ring is lost, late, doubled, or for the wrong instance.
type bellWeather struct{ lost, late, doubled, wrong float64 }

var (
	usualBell = bellWeather{lost: 0.05, late: 0.05}
	badBell   = bellWeather{lost: 0.3, late: 0.3, doubled: 0.3, wrong: 0.3}
)

// ring wakes those that listen after the terms have changed. Who should act first is named,
// as far as the one that made the change knows.
func (w *world) ring(who uuid.UUID) {
	if !w.watches {
		return
	}
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.hears() {
			w.ringAt(p, who)
		}
	}
}

// ringAt delivers one ring to one process, more or less.
func (w *world) ringAt(p *process, who uuid.UUID) {
	weather := w.bell
	if w.drilling && !w.badBell {
		weather = bellWeather{}
	}
	times := 1
	if w.chance(weather.doubled) {
		times = 2
	}
	if w.chance(weather.wrong) {
		who = w.anybody()
	}
	for range times {
		if w.chance(weather.lost) {
			continue
		}
		in := w.between(0, 20*time.Millisecond)
		if w.chance(weather.late) {
			in = w.between(0, 10*time.Second)
		}
		w.after(in, func() { p.deliver(woken{who}) })
	}
}

// anybody returns the registration of some process, or one that does not exist.
func (w *world) anybody() uuid.UUID {
	if p := w.hosts[w.rng.IntN(len(w.hosts))].proc; p != nil && w.chance(0.8) {
		return p.m.registration.id
	}
	return w.newID()
}

// falseRing rings without a change, for somebody, as whoever can insert a document may do.
func (w *world) falseRing() {
	w.note(-1, "false ring", 0, uuid.Nil)
	who := w.anybody()
	for _, h := range w.hosts {
		if p := h.proc; p != nil {
			p.deliver(woken{who})
		}
	}
}

// ringsTooEarly reports whether a request rings when it is sent, and not when it was
// acknowledged: a rule that is broken on purpose.
func (w *world) ringsTooEarly() bool { return w.broken == ringsEarly }

// hears reports whether a process gets rings.
func (p *process) hears() bool { return p.listening > 0 && p.bellWorks }

// listen has a process listen to the bell, if it can be had there.
func (p *process) listen(number int64) {
	p.listening = number
	if number > 0 && p.bellWorks {
		p.w.after(p.w.between(0, 50*time.Millisecond), func() { p.deliver(watching{number, p.bellWorks}) })
	}
}

// setBell makes the bell break, or come back, for one process.
func (p *process) setBell(works bool) {
	if p.dead || p.bellWorks == works {
		return
	}
	p.bellWorks = works
	if p.listening > 0 {
		p.deliver(watching{p.listening, works})
	}
}

// firstInLine returns the process that should take over from the holder of the latest term
// at once: the senior candidate, if it listens to the bell and has the time to act.
func (w *world) firstInLine() *process {
	t := w.store.view().Latest
	if t == nil || w.hung != "" || w.badBell || !w.watches {
		return nil
	}
	if p := w.senior(t.Holder); p != nil && p.hears() && p.m.schedule.reading.watching {
		return p
	}
	return nil
}

// senior returns the process of the senior candidate, without the holder of a term; nil: there
// is none.
func (w *world) senior(holder uuid.UUID) *process {
	var senior *registry.Instance
	for _, in := range w.store.instances {
		if in.ID == holder || !in.Candidate || w.store.spoilt[in.ID] || !w.runs(in.ID) {
			continue
		}
		if senior == nil || in.Priority > senior.Priority || in.Priority == senior.Priority && in.ID.String() < senior.ID.String() {
			senior = &in
		}
	}
	for _, h := range w.hosts {
		if p := h.proc; senior != nil && p != nil && p.m.registration.id == senior.ID {
			return p
		}
	}
	return nil
}

// worker returns the process that works; nil: there is none.
func (w *world) worker() *process {
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.work != nil && p.work.alive && !p.work.told {
			return p
		}
	}
	return nil
}

// leaveInOrder lets the one that comes first leave, and some time later the active one, as in
// a rolling restart. Whoever comes first by then takes over at once if it has just started, or
// if the active one had the time to mark it; otherwise it does so with its next beat. The
// active one may not hear the bell; it works for all others.
func (w *world) leaveInOrder() {
	w.bellWorks = true
	for _, h := range w.hosts {
		if h.proc != nil {
			h.proc.setBell(true)
		}
	}
	const calls = 500 * time.Millisecond // for all the requests of a takeover, and of the hints before it
	active := w.worker()
	if active == nil || w.hung != "" || w.badBell || w.drains || !w.watches {
		return
	}
	if w.chance(0.5) {
		active.setBell(false)
	}
	slack, interval := active.timing.Slack()*102/100, time.Duration(0)
	for _, h := range w.hosts {
		interval = max(interval, h.timing.Interval*102/100)
	}
	w.runUntil(w.now + 2*slack + calls) // until the first one is marked
	first := w.senior(active.m.registration.id)
	if first == nil || w.worker() != active {
		return
	}
	w.note(first.n, "told to leave", 0, first.m.registration.id)
	first.deliver(leave{})
	known := w.now + interval + 2*calls // when the next one listens
	if !active.hears() {
		known += slack
	}
	switch w.rng.IntN(3) {
	case 0:
		w.runUntil(w.now + w.between(calls/2, interval+slack))
	case 1:
		w.runUntil(known + w.between(0, slack))
	case 2: // the one that has left is back
		for w.violation == "" && (first.host.proc == nil || first.host.proc == first) {
			w.runUntil(w.now + 10*time.Millisecond)
		}
		w.runUntil(w.now + w.between(0, 2*calls))
	}
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.ordered {
			return // it has not left yet
		}
	}
	next := w.senior(active.m.registration.id)
	if w.violation != "" || w.worker() != active || next == nil {
		return
	}
	if next.host == first.host { // it has searched for its place
		known = next.began + calls
	}
	w.note(active.n, "told to leave", 0, active.m.registration.id)
	within, listens := interval+calls, w.now > known
	if listens {
		within = calls
	}
	told, term, work := w.now, w.highest, active.work
	w.quick = w.chance(0.5)
	if w.searching = 0; w.chance(0.5) {
		w.searching = w.between(0, 200*time.Millisecond)
	}
	active.deliver(leave{})
	for work.alive && w.violation == "" {
		w.runUntil(w.now + 10*time.Millisecond)
	}
	from := w.now
	for w.violation == "" && !(w.active() && w.highest > term) {
		w.runUntil(w.now + 10*time.Millisecond)
		if w.now-from > within {
			w.fail("nobody is active %v after the end of the work, %v after host%d was to listen", w.now-from, from-known, next.n)
		}
	}
	if listens && w.started+calls < told { // else whoever has started may be senior to it
		w.checkHeadStart(next, "a rolling restart")
	}
}

// checkHeadStart checks that it was that process which took over.
func (w *world) checkHeadStart(first *process, after string) {
	t := w.store.view().Latest
	if first == nil || w.violation != "" || t.Number < 2 {
		return
	}
	// Anything else may have happened meanwhile while the work was drained.
	ended := w.store.term(t.Number - 1)
	if h := ended.Handover; h != nil && h.To != uuid.Nil {
		return
	}
	if r := ended.End.Reason; t.Holder != first.m.registration.id && (r == registry.Stopped || r == registry.HandedOver) {
		w.fail("after %s host%d should have taken over, which was told at once", after, first.n)
	}
}
