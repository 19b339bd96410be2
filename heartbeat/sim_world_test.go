package heartbeat

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

const simGroup = "sim"

var hostNames = [...]string{"host0", "host1", "host2", "host3", "host4"}

// world is everything there is in one schedule. It has no goroutine: what is
// due happens in the order of its instants, and the seed decides all the rest.
type world struct {
	seed   uint64
	rng    *rand.Rand
	now    time.Duration
	broken breakage

	agenda agenda
	seq    uint64
	funcs  []func()
	free   []int32

	flights     []*flight
	freeFlights []int32

	hosts [len(hostNames)]*host
	procs []*process // all that ever ran, nil once ended

	store    *store
	reg      registry.Registry
	step     time.Duration // how far the registry's clock is off
	weather  weather
	watches  bool
	failing  bool
	terms    int // changes of terms that were announced
	healing  bool
	healed   time.Duration
	started  time.Duration // the last start of a process
	lastLate time.Duration // the last instant at which a request will be applied
	waited   time.Duration // until one was active again
	settled  bool          // healed for so long that nothing may change any more
	lame     *host         // never healed: its calls arrive, the answers do not

	check
	resource  resource
	trace     trace
	violation string
}

// weather is what befalls each call.
type weather struct {
	lose, loseAnswer, fail, failApplied, late float64
	slow                                      time.Duration
}

func newWorld(seed uint64, broken breakage) *world {
	w := &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 0x5eed)), broken: broken}
	w.store = newStore(w.clock)
	w.reg = broken.wrap(w)
	w.check.init()
	w.watches, w.failing = w.chance(0.6), w.chance(0.3)
	timings := w.timings()
	guarded := w.chance(0.7)
	for i := range w.hosts {
		h := &host{w: w, n: int8(i), timing: timings(), guarded: guarded}
		if w.chance(0.1) {
			h.guarded = !guarded
		}
		if w.chance(0.2) {
			h.prio = w.rng.IntN(3)
		}
		h.base = 1000*time.Hour + w.between(-10*time.Minute, 10*time.Minute)
		h.drift = w.rng.Int64N(20001) - 10000
		h.setClock()
		w.hosts[i] = h
		w.after(w.between(0, 3*time.Second), h.start)
	}
	return w
}

// timings returns what each instance of this schedule promises.
func (w *world) timings() func() registry.Timing {
	s := time.Second
	mixed := []registry.Timing{
		{Interval: s, OrphanAfter: 60 * s, StopGrace: 10 * s},
		{Interval: s, OrphanAfter: 30 * s, StopGrace: 5 * s},
		{Interval: 2 * s, OrphanAfter: 120 * s, StopGrace: 20 * s},
		{Interval: 500 * time.Millisecond, OrphanAfter: 20 * s, StopGrace: s},
	}
	one := registry.DefaultTiming
	switch w.rng.IntN(10) {
	case 0:
		one = registry.Timing{Interval: 5 * s, OrphanAfter: 300 * s, StopGrace: 30 * s}
	case 1:
		one = mixed[w.rng.IntN(len(mixed))]
	case 2, 3, 4:
		return func() registry.Timing { return mixed[w.rng.IntN(len(mixed))] }
	}
	return func() registry.Timing { return one }
}

// clock is the registry's.
func (w *world) clock() time.Time {
	return time.Unix(0, int64(1000*time.Hour+w.now+w.step))
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rng.Int64N(int64(b-a)+1))
}

// newID is a UUID of version 7, but for the source of its bits.
func (w *world) newID() uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(w.now/time.Millisecond+1)<<16|uint64(w.rng.IntN(1<<12)))
	binary.BigEndian.PutUint64(id[8:], w.rng.Uint64())
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

func (w *world) plan(d due) {
	d.seq = w.seq
	w.seq++
	w.agenda.push(d)
}

// after has f called later on.
func (w *world) after(in time.Duration, f func()) {
	var slot int32
	if n := len(w.free); n > 0 {
		slot, w.free = w.free[n-1], w.free[:n-1]
		w.funcs[slot] = f
	} else {
		slot, w.funcs = int32(len(w.funcs)), append(w.funcs, f)
	}
	w.plan(due{at: w.now + max(in, 0), what: dueFunc, slot: slot})
}

// runUntil lets everything happen that is due until then, or until a rule is
// broken.
func (w *world) runUntil(end time.Duration) {
	for w.violation == "" && len(w.agenda) > 0 && w.agenda[0].at <= end {
		d := w.agenda.pop()
		w.now = d.at
		switch d.what {
		case dueTick:
			if p := w.procs[d.proc]; p != nil {
				p.ticked()
			}
		case dueApply:
			w.apply(d.slot)
		case dueAnswer:
			w.answer(d.slot, false)
		case dueTimeout:
			w.answer(d.slot, true)
		case dueFunc:
			f := w.funcs[d.slot]
			w.funcs[d.slot] = nil
			w.free = append(w.free, d.slot)
			f()
		}
	}
	if w.violation == "" {
		w.now = end
	}
}

func (w *world) note(host int8, text string, n int64, id uuid.UUID) {
	w.trace.add(traced{w.now, host, text, n, binary.BigEndian.Uint32(id[12:])})
}

func (w *world) fail(format string, args ...any) {
	if w.violation == "" {
		w.violation = fmt.Sprintf(format, args...)
	}
}

// flight is a request on its way, and its answer.
type flight struct {
	p        *process
	c        call
	a        answer
	deadline time.Duration
	answered bool // or timed out
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
func (w *world) send(p *process, c call) {
	var slot int32
	if n := len(w.freeFlights); n > 0 {
		slot, w.freeFlights = w.freeFlights[n-1], w.freeFlights[:n-1]
	} else {
		slot, w.flights = int32(len(w.flights)), append(w.flights, new(flight))
	}
	f := w.flights[slot]
	f.p, f.c = p, c
	f.deadline = p.when(c.sent + c.timeout)
	x := w.rng.Float64()
	if p.link.noRequests || p.link.onlyBeats && c.kind != callBeat || x < w.weather.lose {
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
	w.lastLate = max(w.lastLate, at)
	if at >= f.deadline {
		w.plane(due{at: f.deadline, what: dueTimeout, slot: slot})
	}
	w.plane(due{at: at, what: dueApply, slot: slot})
}

// travel is how long a message takes one way.
func (w *world) travel(p *process) time.Duration {
	d := w.between(200*time.Microsecond, 10*time.Millisecond)
	if s := w.weather.slow + p.link.slow; s > 0 {
		d += w.between(0, s)
	}
	return d
}

// apply is the instant at which the registry carries a request out.
func (w *world) apply(slot int32) {
	f := w.flights[slot]
	p := f.p
	x := w.rng.Float64()
	failed := x < w.weather.fail
	if !failed {
		w.checkBefore(f)
		reg := w.reg
		if p.link.past != nil && f.c.kind == callView {
			reg = p.link.past
		}
		f.a = f.c.do(context.Background(), reg, simGroup)
		w.checkAfter(f)
		failed = 1-x < w.weather.failApplied
	}
	switch {
	case p.dead || f.answered:
	case failed:
		f.a = answer{call: f.c, err: errSimulated}
		fallthrough
	default:
		at := w.now + w.travel(p)
		if p.link.noAnswers || at >= f.deadline || w.rng.Float64() < w.weather.loseAnswer {
			w.plane(due{at: max(w.now, f.deadline), what: dueTimeout, slot: slot})
		} else {
			w.plane(due{at: at, what: dueAnswer, slot: slot})
		}
	}
	w.land(slot)
}

// answer gives the caller the answer to a request, or word that none came.
func (w *world) answer(slot int32, late bool) {
	f := w.flights[slot]
	if !f.answered && !f.p.dead {
		f.answered = true
		a := f.a
		if late {
			a = answer{call: f.c, err: context.DeadlineExceeded}
		}
		if a.err != nil {
			w.note(f.p.n, "no answer", a.call.seq, a.call.id)
		}
		if f.p.stopped() {
			f.p.inbox = append(f.p.inbox, a)
		} else {
			f.p.step(a) // not boxed on the heap, for speed
		}
	}
	w.land(slot)
}
