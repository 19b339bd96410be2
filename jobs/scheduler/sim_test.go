package scheduler

import (
	"cmp"
	"container/heap"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/jobs"
	"github.com/understudy-go/understudy/jobs/store"
)

var (
	simSeed  = flag.Uint64("sim.seed", 0, "simulate this seed alone")
	simSeeds = flag.Int("sim.seeds", 60, "simulate so many seeds, of a quarter of a day each")
)

const (
	simLease = time.Minute // from a beat that is sent to the end of the lease
	simGrace = 5 * time.Second
	simBeat  = 5 * time.Second
)

var errSim = errors.New("no answer")

// world simulates one group: a store, holders that come and go, attempts, people, and
// faults. One holder after another has a term; the next one begins when the lease of the
// one before is over, or it has ended its term.
type world struct {
	t     testing.TB
	rand  *rand.Rand
	now   time.Duration
	queue timeline
	seq   int
	epoch time.Time
	shift time.Duration // of the registry's clock
	store *simStore
	calm  bool // no faults any more

	holder  *simHolder
	term    int64
	list    []Job
	started map[string]bool // attempts that began, by run and number
	active  map[store.Key]int
	ends    map[string]store.AttemptEnd
	n       int
	log     []string
}

type timed struct {
	at  time.Duration
	seq int
	do  func()
}

// simHolder is an instance in its term.
type simHolder struct {
	machine *machine
	lease   time.Duration
	frozen  time.Duration // until then it does not run
	queued  []event
	dead    bool
	wake    int // number of the tick that counts
	live    map[store.Key]*simAttempt
}

type simAttempt struct {
	run  store.Run
	over bool
}

// timeline is a heap of what is to happen.
type timeline []timed

func (q timeline) Len() int      { return len(q) }
func (q timeline) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q timeline) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), q[i].seq-q[j].seq) < 0
}
func (q *timeline) Push(e any) { *q = append(*q, e.(timed)) }
func (q *timeline) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}

func (w *world) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.queue, timed{w.now + d, w.seq, do})
}

func (w *world) run(until time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at <= until {
		e := heap.Pop(&w.queue).(timed)
		w.now = e.at
		e.do()
	}
	w.now = until
}

func (w *world) registryTime() time.Time { return w.epoch.Add(w.now + w.shift) }

func (w *world) chance(percent int) bool { return w.rand.IntN(100) < percent }

func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rand.Int64N(int64(b-a)+1))
}

func (w *world) tell(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%12v term %d: ", w.now, w.term)+fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	for _, line := range w.log[max(0, len(w.log)-60):] {
		w.t.Log(line)
	}
	w.t.Fatalf("after %v: "+format, append([]any{w.now}, args...)...)
}

// takeOver begins the next term.
func (w *world) takeOver() {
	w.term++
	h := &simHolder{lease: w.now + simLease, live: map[store.Key]*simAttempt{}}
	id := uuid.UUID{15: byte(w.term), 14: byte(w.term >> 8)}
	h.machine = newMachine(settings{
		holder: store.Holder{Group: "g", Term: w.term, Instance: id}, host: "h", stopGrace: simGrace, killMargin: simGrace / 10, maxRuns: 6, poll: 5 * time.Second, pruneEvery: 20 * time.Second, minAge: time.Hour,
		newNonce: func() uuid.UUID {
			w.n++
			return uuid.UUID{0: 1, 12: byte(w.n >> 24), 13: byte(w.n >> 16), 14: byte(w.n >> 8), 15: byte(w.n)}
		},
		jitter: func(d time.Duration) time.Duration { return d + w.between(0, d/5) },
	}, w.list, h.lease)
	w.holder = h
	w.tell("takes over")
	w.event(h, beat{w.registryTime(), w.now, w.now})
	w.beats(h)
	w.after(w.between(time.Minute, 30*time.Minute), func() { w.disturb(h) })
}

func (w *world) beats(h *simHolder) {
	w.after(simBeat, func() {
		if h.dead || w.now >= h.lease {
			return
		}
		if w.now >= h.frozen && (w.calm || !w.chance(5)) {
			h.lease = w.now + simLease
			w.event(h, extended{h.lease})
			w.event(h, beat{w.registryTime(), w.now, w.now})
		}
		w.beats(h)
	})
}

// event gives the holder's machine an event, now or when it runs again.
func (w *world) event(h *simHolder, e event) {
	if h.dead {
		return
	}
	if w.now < h.frozen {
		h.queued = append(h.queued, e)
		return
	}
	for _, a := range h.machine.step(w.now, e) {
		w.perform(h, a)
	}
	h.wake++
	wake := h.wake
	w.after(max(h.machine.deadline()-w.now, time.Millisecond), func() {
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
			took := w.between(0, simGrace/2)
			if a.immediate {
				took = 0
			}
			w.after(took, func() { w.endAttempt(h, at, ending{end: store.AttemptExited}) })
		}
	case note:
		w.tell("%s %s %s %v", a.fact, a.run.Key, a.text, a.err)
	case outcome:
		w.tell("recorded %s %s", a.run.Key, a.run.State)
	case drained:
	case finish:
		if len(h.live) > 0 {
			w.fail("the lead returned while %d attempts ran", len(h.live))
		}
		w.tell("ends")
		w.gone(h, w.between(0, time.Second))
	}
}

// request sends a request to the store: it may be lost, its answer may be lost, and it may
// arrive late.
func (w *world) request(h *simHolder, r request) {
	slow := time.Duration(0)
	fault := w.rand.IntN(100)
	if w.calm {
		fault = 100
	}
	if fault < 2 {
		slow = w.between(time.Second, 3*time.Minute)
	}
	holder := h.machine.holder
	w.after(w.between(time.Millisecond, 20*time.Millisecond)+slow, func() {
		if fault == 3 || fault == 4 { // lost
			w.event(h, answer{request: r, err: errSim})
			return
		}
		a := w.store.apply(holder, r)
		if fault == 5 || fault == 6 || slow > 0 { // nobody learns of it
			if slow > 0 {
				return
			}
			a = answer{request: r, err: errSim}
		}
		w.event(h, a)
	})
	if slow > 0 {
		w.after(time.Second, func() { w.event(h, answer{request: r, err: errSim}) })
	}
}

// start starts an attempt.
func (w *world) start(h *simHolder, r store.Run) {
	id := fmt.Sprintf("%s attempt %d", r.Key, r.Attempt)
	if w.now >= h.lease-simGrace {
		w.fail("%s starts with %v left of the lease", id, h.lease-w.now)
	}
	if w.started[id] {
		w.fail("%s starts again", id)
	}
	if w.active[r.Key] > 0 {
		w.fail("%s starts while another attempt of the run is active", id)
	}
	w.started[id] = true
	w.active[r.Key]++
	at := &simAttempt{run: r}
	h.live[r.Key] = at
	w.tell("starts %s", id)
	e := ending{end: store.AttemptCompleted}
	switch {
	case w.calm:
	case w.chance(20):
		e = ending{end: store.AttemptFailed, code: 1}
	case w.chance(5):
		e = ending{end: store.AttemptTimedOut}
	}
	took := w.between(10*time.Millisecond, 5*time.Second)
	if w.chance(10) {
		took = w.between(0, 4*time.Minute)
	}
	w.after(took, func() { w.endAttempt(h, at, e) })
	w.guard(h, at)
}

// guard ends an attempt with the lease.
func (w *world) guard(h *simHolder, at *simAttempt) {
	w.after(max(h.lease-time.Second-w.now, 0), func() {
		switch {
		case at.over:
		case w.now < h.lease-time.Second:
			w.guard(h, at)
		default:
			w.endAttempt(h, at, ending{end: store.AttemptExited})
		}
	})
}

func (w *world) endAttempt(h *simHolder, at *simAttempt, e ending) {
	if at.over {
		return
	}
	at.over = true
	w.active[at.run.Key]--
	delete(h.live, at.run.Key)
	e.at = w.registryTime()
	w.tell("%s attempt %d is over: %s", at.run.Key, at.run.Attempt, e.end)
	w.event(h, attemptEnded{key: at.run.Key, end: e})
}

// disturb ends the holder in one of the ways in which holders end.
func (w *world) disturb(h *simHolder) {
	if h.dead || w.holder != h {
		return
	}
	if w.calm {
		return
	}
	switch w.rand.IntN(4) {
	case 0: // crash
		w.tell("crashes")
		for _, at := range h.live {
			at.over = true
			w.active[at.run.Key]--
		}
		w.gone(h, h.lease-w.now)
	case 1: // an orderly stop
		w.tell("is told to stop")
		w.event(h, stop{})
	case 2: // frozen for longer than its lease, and then it goes on with what it had begun
		w.tell("is frozen")
		h.frozen = w.now + w.between(simLease, 5*time.Minute)
		w.after(h.lease-w.now, func() { w.takeOver() })
		w.after(h.frozen-w.now, func() {
			queued := h.queued
			h.queued = nil
			for _, e := range queued {
				w.event(h, e)
			}
			w.event(h, tick{})
			w.after(w.between(0, 10*time.Second), func() { w.event(h, stop{immediate: true}) })
		})
	case 3: // frozen for a moment
		h.frozen = w.now + w.between(0, simLease/2)
		w.after(h.frozen-w.now, func() {
			queued := h.queued
			h.queued = nil
			for _, e := range queued {
				w.event(h, e)
			}
			w.event(h, tick{})
		})
		w.after(w.between(time.Minute, 30*time.Minute), func() { w.disturb(h) })
	}
}

// gone lets the next holder take over.
func (w *world) gone(h *simHolder, in time.Duration) {
	h.dead = true
	if w.holder == h {
		w.after(max(in, 0), w.takeOver)
	}
}

// people trigger, cancel, pause and resume.
func (w *world) people() {
	w.after(w.between(10*time.Second, 5*time.Minute), func() {
		if w.calm {
			return
		}
		job := w.list[w.rand.IntN(len(w.list))].Name
		switch w.rand.IntN(4) {
		case 0, 1:
			w.n++
			w.store.submit(job, w.n, w.rand.IntN(3), w.registryTime())
		case 2:
			keys := w.store.list(func(r store.Run) bool { return !r.State.Ended() })
			if len(keys) > 0 && job != "all" {
				w.store.cancel(keys[0].Key, w.registryTime())
			}
		case 3:
			if job != "all" {
				w.store.pause(job, w.registryTime())
			}
		}
		if w.chance(80) {
			w.event(w.holder, changed{})
		}
		w.people()
	})
}

func simJobs(t testing.TB) (list []Job) {
	for _, d := range []jobs.Definition{
		{Name: "all", Schedules: []string{"@every 1m"}, Missed: jobs.Missed{Policy: jobs.MissedAll, Limit: 1000}, Retries: jobs.Retries{Max: 2}},
		{Name: "once", Schedules: []string{"*/2 * * * *"}, Interrupted: jobs.InterruptedFail},
		{Name: "queue", Schedules: []string{"@every 90s"}, Overlap: jobs.OverlapQueue, Missed: jobs.Missed{Policy: jobs.MissedSkip}},
		{Name: "replace", Schedules: []string{"@every 1m"}, Overlap: jobs.OverlapReplace, Retries: jobs.Retries{Max: 1, Backoff: time.Second}},
		{Name: "allow", Schedules: []string{"@every 30s"}, Overlap: jobs.OverlapAllow, Drain: time.Minute},
		{Name: "asked"},
	} {
		d = d.WithDefaults(simLease, simGrace)
		table, err := d.Timetable("g")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, Job{Definition: d, Next: table.Next})
	}
	return list
}

func simulate(t *testing.T, seed uint64) {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), epoch: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), store: newSimStore(),
		list: simJobs(t), started: map[string]bool{}, active: map[store.Key]int{}, ends: map[string]store.AttemptEnd{},
	}
	w.store.onPrune = func(r store.Run) {}
	w.takeOver()
	w.people()
	w.run(6 * time.Hour)
	w.calm = true
	for name, j := range w.store.jobs {
		if j.Paused != nil {
			w.store.pause(name, w.registryTime())
		}
	}
	w.run(w.now + time.Hour)
	w.check()
	if testing.Verbose() {
		count := map[store.State]int{}
		interrupted := 0
		for _, r := range w.store.runs {
			count[r.State]++
			interrupted += r.Interruptions
		}
		t.Logf("%d terms, %d attempts, %d interruptions, %v", w.term, len(w.started), interrupted, count)
	}
}

// check looks at what is left when nothing has disturbed the world for an hour.
func (w *world) check() {
	end := w.registryTime()
	for k, r := range w.store.runs {
		if !r.State.Ended() && r.At.Before(end.Add(-20*time.Minute)) {
			w.fail("%s is still %s: %+v", k, r.State, r)
		}
		if len(r.Attempts) != r.Attempt && r.Attempt <= store.MaxAttempts {
			w.fail("%s has %d attempts, and remembers %d", k, r.Attempt, len(r.Attempts))
		}
		for _, a := range r.Attempts {
			if r.State.Ended() && a.End == "" {
				w.fail("%s has ended, and its attempt %d has no end", k, a.Number)
			}
		}
	}
	all := w.list[0]
	for slot := w.epoch.Add(time.Minute); slot.Before(end.Add(-2 * time.Minute)); slot = all.Next(slot) {
		if _, ok := w.store.runs[store.Key{Group: "g", Job: "all", Run: store.SlotID(slot)}]; !ok {
			w.fail("the slot %v of the job all is lost", slot)
		}
	}
}

func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		simulate(t, *simSeed)
		return
	}
	for seed := range uint64(*simSeeds) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) { simulate(t, seed+1) })
		if t.Failed() {
			return
		}
	}
}
