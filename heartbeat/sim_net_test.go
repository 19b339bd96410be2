package heartbeat

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// weather is how likely each request fails, and in which way.
type weather struct {
	lose, loseAnswer, fail, failApplied, late float64
	slow                                      time.Duration
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

// calm is the weather of an ordinary day: now and then a request fails.
func (w *world) calm() {
	if w.healing {
		return
	}
	w.weather = weather{lose: 0.001, loseAnswer: 0.001, fail: 0.001, failApplied: 0.001, late: 0.001}
}

// outage makes every request fail.
func (w *world) outage() {
	w.note(-1, "outage", 0, uuid.Nil)
	w.weather = weather{lose: 1}
	if w.chance(0.5) {
		w.weather = weather{fail: 1}
	}
	w.after(w.spell(), w.calm)
}

// flight is a request on its way, and its answer.
type flight struct {
	p        *process
	c        request
	a        answer
	sent     time.Duration // the world's time, as the next two
	applied  time.Duration
	viewed   time.Duration // when the view was taken that the caller had seen last
	asked    time.Duration // when claims were last looked for, as far as the caller knows
	deadline time.Duration
	answered bool // or timed out
	hangs    bool // no answer will come
	refs     int8
}

func (w *world) plane(d due) {
	w.flights[d.slot].refs++
	w.plan(d)
}

func (w *world) land(slot int32) {
	f := w.flights[slot]
	if f.refs--; f.refs == 0 {
		*f = flight{}
		w.freeFlights = append(w.freeFlights, slot)
	}
}

// send lets a request travel. It may be lost, or be applied much later.
func (w *world) send(p *process, c request) {
	w.checkRate(p, c)
	if w.ringsTooEarly() && (c.kind == kindBeginTerm || c.kind == kindEndTerm) {
		w.ring(c.end.Next)
	}
	var slot int32
	if n := len(w.freeFlights); n > 0 {
		slot, w.freeFlights = w.freeFlights[n-1], w.freeFlights[:n-1]
	} else {
		slot, w.flights = int32(len(w.flights)), append(w.flights, new(flight))
	}
	f := w.flights[slot]
	f.p, f.c, f.sent, f.viewed, f.asked = p, c, w.now, p.viewed, p.asked
	f.deadline = p.when(c.sent + c.timeout)
	x := w.rng.Float64()
	if p.link.hang == c.kind {
		w.note(p.n, "hangs", c.seq, c.id)
		p.link.hang = ""
		w.plane(due{at: f.deadline, what: dueTimeout, slot: slot})
		if x < 0.5 {
			w.plane(due{at: w.now + w.travel(p), what: dueApply, slot: slot})
		}
		f.hangs = true
		return
	}
	if p.link.noRequests || p.link.onlyBeats && c.kind != kindBeat || x < w.weather.lose {
		w.plane(due{at: f.deadline, what: dueTimeout, slot: slot})
		return
	}
	at := w.now + w.travel(p)
	if x = 1 - x; x < w.weather.late {
		at += w.between(0, 5*time.Minute)
		if x < w.weather.late/2 {
			at = w.now + w.between(0, 20*time.Second)
		}
	}
	if w.healing {
		at = min(at, w.now+time.Second)
	}
	if c.kind == kindCandidate {
		at += w.searching
	}
	w.lastLate = max(w.lastLate, at)
	if at >= f.deadline {
		w.plane(due{at: f.deadline, what: dueTimeout, slot: slot})
	}
	w.plane(due{at: at, what: dueApply, slot: slot})
}

// travel returns how long a message takes one way.
func (w *world) travel(p *process) time.Duration {
	d := w.between(200*time.Microsecond, 10*time.Millisecond)
	if s := w.weather.slow + p.link.slow; s > 0 {
		d += w.between(0, s)
	}
	return d
}

// apply lets the registry carry a request out.
func (w *world) apply(slot int32) {
	f := w.flights[slot]
	p := f.p
	f.applied = w.now
	x := w.rng.Float64()
	failed := x < w.weather.fail
	var late time.Duration
	switch {
	case failed:
	case f.c.kind == kindBeginTerm && w.lies:
		f.a = answer{request: f.c}
		if w.chance(0.5) {
			f.a.err = registry.ErrTermTaken
		}
	default:
		w.checkBefore(f)
		reg := w.reg
		if p.link.past != nil && f.c.kind == kindView {
			reg = p.link.past
		}
		f.a = f.c.do(context.Background(), reg, simGroup)
		w.checkAfter(f)
		late = w.mislead(&f.a)
		failed = 1-x < w.weather.failApplied
	}
	switch {
	case p.dead || f.answered || f.hangs:
	case failed:
		f.a = answer{request: f.c, err: errSimulated}
		if f.c.kind == kindView && w.chance(0.2) {
			f.a.err = registry.ErrCorrupt
		}
		fallthrough
	default:
		at := w.now + w.travel(p) + p.link.lateAnswers + late
		if p.link.lastWord && f.c.kind == kindBeat {
			p.link.lastWord, p.link.noRequests = false, true
			at = max(at, f.deadline-w.between(0, f.c.timeout/20))
			if h := p.host; w.chance(0.7) {
				w.after(at-w.now+time.Millisecond, func() { w.freeze(h) })
			}
		}
		if p.link.noAnswers || at >= f.deadline || w.rng.Float64() < w.weather.loseAnswer {
			w.plane(due{at: max(w.now, f.deadline), what: dueTimeout, slot: slot})
		} else {
			w.plane(due{at: at, what: dueAnswer, slot: slot})
		}
	}
	w.land(slot)
}

// answer gives the caller the answer to a request, or a timeout.
func (w *world) answer(slot int32, late bool) {
	f := w.flights[slot]
	if !f.answered && !f.p.dead {
		f.answered = true
		a := f.a
		if late {
			a = answer{request: f.c, err: context.DeadlineExceeded}
		}
		if a.err != nil {
			w.note(f.p.n, "no answer", a.request.seq, a.request.id)
		} else if a.request.kind == kindView {
			f.p.viewed = f.applied
		}
		if a.request.kind == kindClaimant && errors.Is(a.err, registry.ErrNoClaimant) {
			f.p.asked = f.applied
		}
		if f.p.stopped() {
			f.p.inbox = append(f.p.inbox, a)
		} else {
			f.p.step(a) // not boxed on the heap, for speed
		}
	}
	w.land(slot)
}

// remember keeps the state that a node which fell behind would show.
func (w *world) remember() {
	w.memory = w.store.clone()
	w.after(w.between(0, 2*time.Minute), w.remember)
}
