package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// host is a machine with a clock of its own, on which one process runs at a
// time.
type host struct {
	w       *world
	n       int8
	timing  registry.Timing
	guarded bool
	prio    int
	command string

	// The clock began at base and goes at a rate of 1 + ppm/10⁶; marks keep what
	// it was.
	base        time.Duration
	drift, slew int64 // ppm
	marks       []mark

	proc      *process // nil: none is running
	link      link
	suspended bool
	away      bool // nobody starts a process here again
}

// link is the network between a host and the registry.
type link struct {
	noRequests, noAnswers bool
	onlyBeats             bool
	slow, lateAnswers     time.Duration
	hang                  kind   // the next request of it is not answered; it may be carried out
	past                  *store // a node that views are read from
	lastWord              bool   // the next beat is the last to arrive, and its answer crawls
}

// process is one run of the program: a machine and its runner.
type process struct {
	*host
	index      int32
	m          *machine
	dead       bool
	frozen     bool
	guard      bool // the guard is frozen too
	inbox      []event
	tickAt     time.Duration
	began      time.Duration // the world's time
	back       time.Duration // local: since when it runs without a break
	election   rate
	background rate
	viewed     time.Duration // when the latest view that it has seen was taken
	asked      time.Duration // when nobody claimed a later term, as far as it knows
	work       *simWork
	drain      *simDrain     // that goes on; nil: none
	ordered    bool          // it was told to leave
	listening  int64         // to the bell; 0: not
	bellWorks  bool          // here
	gaveUp     time.Duration // when its last work was told to stop, or was gone
	known      knowledge
	lostTerms  bool // it took a read of the past for a restored registry
	bequeathed bequest
}

func (h *host) start() {
	w := h.w
	if h.proc != nil || h.away {
		return
	}
	s := settings{
		self:    registry.Instance{Group: simGroup, Host: hostNames[h.n], PID: len(w.procs), Priority: h.prio, Command: h.command},
		timing:  h.timing,
		guarded: h.guarded, drainable: w.drains,
		newID: w.newID,
	}
	if w.chance(0.1) {
		s.joinTimeout = 30 * time.Second
	}
	p := &process{host: h, index: int32(len(w.procs)), m: newMachine(s, h.local()), began: w.now, back: h.local()}
	w.procs = append(w.procs, p)
	h.proc = p
	w.started = w.now
	w.note(h.n, "process starts", int64(p.index), uuid.Nil)
	p.bellWorks = w.watches && (w.bellWorks || w.chance(0.8))
	p.deliver(tick{})
}

// end is the end of the process, and of its work with it.
func (p *process) end(how string) {
	if p.dead {
		return
	}
	w := p.w
	w.note(p.n, how, int64(p.index), p.m.registration.id)
	p.dead = true
	if p.host.proc == p {
		p.host.proc = nil
	}
	if p.work != nil {
		p.work.alive = false
	}
	p.inbox, p.work, p.drain = nil, nil, nil
	w.procs[p.index] = nil
	pause := w.between(0, 5*time.Second)
	if !w.healing && w.chance(0.3) {
		pause = w.between(0, 3*time.Minute)
	}
	w.after(pause, p.host.start)
}

func (p *process) stopped() bool { return p.frozen || p.suspended }

// deliver gives an event to the machine, or keeps it while nothing runs here.
func (p *process) deliver(e event) {
	if p.dead {
		return
	}
	if p.stopped() {
		if _, ok := e.(tick); !ok {
			p.inbox = append(p.inbox, e)
		}
		return
	}
	p.step(e)
}

func (p *process) step(e event) {
	w := p.w
	l := p.local()
	switch e := e.(type) {
	case answer:
		w.learn(p, e)
	case leave:
		p.ordered = true
	}
	actions := p.m.step(l, e)
	for _, a := range actions {
		if w.violation != "" || p.dead {
			return
		}
		p.do(a)
	}
	if a, ok := e.(answer); ok && a.request.kind == kindView && !p.dead {
		w.checkStoodDown(p, a)
	}
	w.checkStopped(p)
	w.checkDrain(p)
	if !p.dead {
		p.schedule()
	}
}

// do carries out an action.
func (p *process) do(a action) {
	w := p.w
	switch a := a.(type) {
	case request:
		w.note(p.n, string(a.kind), a.seq, a.id)
		if b, ok := a.bequest(); ok {
			p.bequeathed = b
		}
		w.send(p, a)
	case startWork:
		w.note(p.n, "work starts", a.term.Number, a.term.Holder)
		p.startWork(a.term)
	case startDrain:
		w.note(p.n, "drain begins", a.number, p.m.registration.id)
		p.startDrain(a.number)
	case endDrain:
		w.note(p.n, "drain ends", 0, p.m.registration.id)
		p.endDrain()
	case stopWork:
		w.note(p.n, "stop work", b2i(a.immediate), p.m.registration.id)
		p.stopWork(a)
	case listen:
		p.listen(a.number)
	case extend:
		if k := p.work; k != nil {
			if p.m.tenure.work.running && k.lease <= p.local() && p.believes() {
				w.fail("host%d's lease for term %d ended and was revived", p.n, k.term)
			}
			k.lease = max(k.lease, a.until)
			if k.alive || p.believes() {
				w.checkExclusive(p)
			}
		}
	case note:
		p.lostTerms = p.lostTerms || a.fact == factTermsLost
		w.note(p.n, string(a.fact), a.term, a.holder)
	case finish:
		w.checkQuit(p, a.err)
		if k := p.work; k != nil && k.alive {
			w.fail("host%d: the process goes before its work of term %d", p.n, k.term)
		}
		p.end("process ends")
	case abort:
		p.end("process aborts")
	}
}

// schedule plans the next tick, which may come a little late.
func (p *process) schedule() {
	at := p.when(p.m.deadline())
	if p.w.chance(0.01) {
		at += p.w.between(0, 300*time.Millisecond)
	}
	if p.tickAt > p.w.now && p.tickAt <= at {
		return
	}
	p.tickAt = at
	p.w.plan(due{at: at, what: dueTick, proc: p.index})
}

func (p *process) ticked() {
	if p.dead || p.w.now != p.tickAt {
		return
	}
	p.tickAt = 0
	if p.stopped() {
		return
	}
	p.step(tick{})
}

// run goes on after a freeze. What arrived meanwhile is taken in any order.
func (p *process) run() {
	if p.dead || p.stopped() {
		return
	}
	p.back = p.local()
	inbox := p.inbox
	p.inbox = nil
	p.w.rng.Shuffle(len(inbox), func(i, j int) { inbox[i], inbox[j] = inbox[j], inbox[i] })
	for _, e := range inbox {
		if p.w.chance(0.2) {
			p.deliver(tick{})
		}
		p.deliver(e)
	}
	p.deliver(tick{})
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
