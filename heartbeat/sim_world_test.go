package heartbeat

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

const simGroup = "sim"

var hostNames = [...]string{"host0", "host1", "host2", "host3", "host4"}

// world is everything there is in one schedule. It has no goroutine: things happen in the
// order of their instants, and the seed decides all the rest.
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

	hosts  [len(hostNames)]*host
	ghosts []*ghost
	procs  []*process // all that ever ran, nil once ended

	store     *store
	reg       registry.Registry
	step      time.Duration // how far the registry's clock is off
	stepAt    time.Duration // when it was set last
	weather   weather
	drains    bool // work is drained before an orderly end; in every other schedule
	misled    bool // hints are wrong now and again
	watches   bool
	bellWorks bool          // for everybody
	quick     bool          // work stops as soon as it is told to
	searching time.Duration // how much longer than others searches for a candidate take
	badBell   bool          // the bell rings wrongly more often than not
	bell      bellWeather
	mixed     bool          // instances promise different timings
	pause     time.Duration // the longest between two faults
	memory    *store        // an older state
	dump      *store        // an older state that may be restored; nil: nobody restores or loses anything
	failing   bool
	finishing bool // work is often done for good
	lies      bool // inserts of terms are answered and do not happen
	healing   bool
	drilling  bool
	drainTime time.Duration // how long the work drains during the drill
	hung      kind          // the request that hangs during the drill, if one does
	healed    time.Duration
	started   time.Duration // the last start of a process
	lastLate  time.Duration // the last instant at which a request will be applied
	waited    time.Duration // until one was active again
	settled   bool          // healed for so long that nothing may change any more
	lame      *host         // never healed: its requests arrive, the answers do not

	check
	resource  resource
	most      [2]int   // requests within one interval: of an election, in the background
	drained   [2]int64 // drains that returned, and that were cut
	trace     trace
	violation string
}

func newWorld(seed uint64, broken breakage) *world {
	w := &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 0x5eed)), broken: broken}
	w.store, w.drains = newStore(w.clock), seed%2 == 0
	w.store.everybody = seed%5 == 0
	w.reg = broken.wrap(w)
	w.check.init()
	w.watches, w.failing = w.chance(0.6), w.chance(0.3)
	w.bell, w.badBell = usualBell, w.chance(0.4)
	if w.badBell {
		w.bell = badBell
	}
	w.misled, w.finishing = w.chance(0.3), w.chance(0.2)
	w.pause = w.between(10*time.Second, 3*time.Minute)
	w.remember()
	if w.chance(0.25) {
		w.backUp()
	}
	timings := w.timings()
	guarded := w.chance(0.7)
	for i := range w.hosts {
		h := &host{w: w, n: int8(i), timing: timings(), guarded: guarded}
		if w.chance(0.1) {
			h.guarded = !guarded
		}
		if w.chance(0.2) {
			h.prio, h.command = w.rng.IntN(3), "another"
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
		{Interval: s, OrphanAfter: 20 * s, StopGrace: s},
	}
	one := registry.DefaultTiming
	switch w.rng.IntN(10) {
	case 0, 1:
		one = registry.Timing{Interval: 5 * s, OrphanAfter: 300 * s, StopGrace: 30 * s}
	case 2:
		one = mixed[w.rng.IntN(len(mixed))]
	case 3, 4, 5:
		w.mixed = true
		return func() registry.Timing { return mixed[w.rng.IntN(len(mixed))] }
	}
	return func() registry.Timing { return one }
}

// clock returns the registry's time.
func (w *world) clock() time.Time {
	return time.Unix(0, int64(1000*time.Hour+w.now+w.step))
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rng.Int64N(int64(b-a)+1))
}

// newID returns a UUID of version 7 whose random bits come from the seed.
func (w *world) newID() uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(w.now/time.Millisecond+1)<<16|uint64(w.rng.IntN(1<<12)))
	binary.BigEndian.PutUint64(id[8:], w.rng.Uint64())
	if id[11] < 0x60 { // some are hardly later than the others where the last bits decide
		id[12], id[13] = 0, 0
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

func (w *world) plan(d due) {
	d.seq = w.seq
	w.seq++
	w.agenda.push(d)
}

// after calls f later on.
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

// runUntil lets everything happen that is due until an instant, or until a rule is
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
