package heartbeat

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

var errSimulated = errors.New("simulated failure")

// check holds what the rules are checked against. It takes note of everything that
// happens, and does not trust what a machine or the registry says.
type check struct {
	registered map[uuid.UUID]registry.Timing // what its owner goes by, whatever the record says
	lastBeat   map[uuid.UUID]lastBeat
	highest    int64
	begunAt    map[simTerm]time.Duration // when terms began
	doneAt     map[simTerm]time.Duration // when the work of terms was said to be done
	before     registry.View             // the group as it was before a request
	victim     registry.Instance         // the record that a deletion is about
	existed    bool                      // the record that a beat is about
	ended      map[int64]resignation
	void       map[simTerm]bool            // terms that an operator took away
	damaged    map[uuid.UUID]bool          // records that do not promise what their owners do
	claims     map[uuid.UUID]time.Duration // since when a record claims a term above the latest
	backAt     time.Duration               // when terms were lost for the last time; 0: never
	beats      map[uuid.UUID]int64         // the beats that records showed before that
	late       bool                        // one was begun after it for a view from before
}

// lastBeat is when a record beat last, and the highest count that its beat ever had: in a
// restored record the same counts come again.
type lastBeat struct {
	at   time.Duration
	most int64
}

// simTerm identifies the time of one instance in a term. After a restoration another
// instance may have the same number.
type simTerm struct {
	term   int64
	holder uuid.UUID
}

// resignation says who gave a term up for a peer, and when.
type resignation struct {
	p  *process
	at time.Duration
}

func (c *check) init() {
	c.registered, c.lastBeat = map[uuid.UUID]registry.Timing{}, map[uuid.UUID]lastBeat{}
	c.ended, c.void, c.damaged = map[int64]resignation{}, map[simTerm]bool{}, map[uuid.UUID]bool{}
	c.begunAt, c.doneAt = map[simTerm]time.Duration{}, map[simTerm]time.Duration{}
	c.claims, c.beats = map[uuid.UUID]time.Duration{}, map[uuid.UUID]int64{}
}

// believes reports whether a process believes that its lease is valid and the work its
// own.
func (p *process) believes() bool {
	return p.m.tenure.work.running && p.local() < p.m.registration.lease
}

// checkExclusive checks that there are never two instances at one instant whose work is
// alive, or that believe so.
func (w *world) checkExclusive(p *process) {
	for _, g := range w.ghosts {
		if g.work.alive && !g.host.suspended && !w.void[g.work.simTerm()] && !w.void[p.work.simTerm()] {
			w.fail("host%d works in term %d while work of host%d outlives its process in term %d", p.n, p.work.term, g.host.n, g.work.term)
		}
	}
	for _, h := range w.hosts {
		o := h.proc
		if o == nil || o == p || o.suspended || o.work == nil || w.void[o.work.simTerm()] || w.void[p.work.simTerm()] {
			continue
		}
		if o.work.alive && !o.work.undying || o.believes() {
			w.fail("host%d works in term %d while host%d still does in term %d (alive: %v, its lease: %v)",
				p.n, p.work.term, o.n, o.work.term, o.work.alive, o.m.registration.lease-o.local())
		}
	}
}

// checkStart checks that work starts only with a valid lease.
func (w *world) checkStart(p *process) {
	if p.local() >= p.m.registration.lease-p.timing.StopGrace {
		w.fail("host%d starts term %d with a lease of %v left", p.n, p.work.term, p.m.registration.lease-p.local())
	}
}

// checkStoodDown checks that a view which shows the own term to be over ends the work at
// once.
func (w *world) checkStoodDown(p *process, a answer) {
	k, t := p.work, a.view.Latest
	if k == nil || !k.alive || k.told || a.err != nil || t == nil || t.Number < k.term {
		return
	}
	if t.Number > k.term || !t.Open() || t.Holder != k.holder {
		w.fail("host%d goes on in term %d although it saw term %d (open: %v)", p.n, k.term, t.Number, t.Open())
	}
}

// checkBefore looks at a request just before it is applied.
func (w *world) checkBefore(f *flight) {
	switch f.c.kind {
	case kindBeginTerm:
		w.before = w.store.view()
	case kindEndTerm, kindUnregister:
		if f.c.kind == kindEndTerm {
			w.before = w.store.view()
		}
		w.victim = w.store.instances[f.c.id]
		for _, h := range w.hosts {
			o := h.proc
			if o == nil || o.work == nil || o.suspended || o.work.undying && o != f.p {
				continue
			}
			if o.work.alive && o.work.holder == f.c.id && (f.c.kind == kindUnregister || f.c.number == o.work.term) {
				w.fail("%s of host%d's term %d before its work is gone", f.c.kind, h.n, o.work.term)
			}
		}
	case kindBeat:
		_, w.existed = w.store.instances[f.c.id]
	case kindDeleteOrphan:
		w.victim = w.store.instances[f.c.id]
	}
}

// checkAfter looks at a request just after it was applied.
func (w *world) checkAfter(f *flight) {
	c, p := f.c, f.p
	switch c.kind {
	case kindRegister:
		if f.a.err != nil {
			return
		}
		if _, again := w.registered[c.id]; again {
			w.fail("host%d registers a UUID twice", p.n)
		}
		w.registered[c.id] = p.timing
		if p.known.registered == nil {
			p.known.registered = map[uuid.UUID]time.Duration{}
		}
		p.known.registered[c.id] = w.now
		w.lastBeat[c.id] = lastBeat{at: w.now}
	case kindBeat:
		if f.a.err == nil {
			if !w.existed {
				w.fail("host%d's beat brings a registration back", p.n)
			}
			w.lastBeat[c.id] = lastBeat{w.now, max(w.lastBeat[c.id].most, w.store.instances[c.id].Beat)}
			w.noteClaim(c.id)
		}
	case kindDeleteOrphan:
		if f.a.deleted {
			w.note(p.n, "deleted", c.number, c.id)
			w.checkOrphan(p, c)
		}
	case kindBeginTerm:
		if f.a.err == nil {
			w.note(p.n, "begun", c.term.Number, c.id)
			w.begunAt[simTerm{c.term.Number, c.term.Holder}] = w.now
			w.checkRedone(f)
			w.checkTerm(f)
			if !w.ringsTooEarly() {
				w.ring(uuid.Nil)
			}
		}
	case kindEndTerm:
		if t := w.before.Latest; t != nil && t.Number == c.number && t.Open() && t.Holder == c.id {
			w.note(p.n, "ended", c.number, c.id)
			if c.end.Reason == registry.WorkDone {
				w.doneAt[simTerm{c.number, c.id}] = w.now
			}
			if r := c.end.Reason; r == registry.HandedOver || r == registry.WorkFailed {
				w.ended[c.number] = resignation{p, p.gaveUp}
			}
			if !w.ringsTooEarly() {
				w.ring(c.end.Next)
			}
		}
	case kindUnregister:
		if ringsAtItsEnd(w.victim) {
			w.ring(uuid.Nil)
		}
	}
}

// checkOrphan checks that a record is deleted only if its beat stood still for its
// owner's T − B on the deleter's own clock. An owner whose record lost its promise and
// that holds no term loses nothing when it is deleted.
func (w *world) checkOrphan(p *process, c request) {
	owner := w.registered[c.id]
	if c.number == 0 && w.damaged[c.id] {
		owner.OrphanAfter = min(owner.OrphanAfter, p.timing.OrphanAfter)
	}
	still := c.sent - p.localAt(w.lastBeat[c.id].at)
	if beat, ok := w.beats[c.id]; ok && c.beat <= beat { // it was counted twice: this may be the sight of the first one
		w.void[simTerm{c.number, c.id}] = true
		return
	}
	if still < owner.OrphanAfter-owner.Slack() {
		w.fail("host%d deletes a record whose beat stood still for %v only, want %v", p.n, still, owner.OrphanAfter-owner.Slack())
	}
}

// checkTerm checks that numbers strictly increase, and that an instance which gave the
// previous term up for a peer does not take the next one.
func (w *world) checkTerm(f *flight) {
	p, t := f.p, *f.c.term
	if w.backAt > 0 {
		w.checkClaims(f)
		// Its first view after the loss may not have told it: that looks like the past.
		w.late = w.late || f.viewed < w.backAt || t.Number > w.before.Number()+1
	}
	if t.Number <= w.highest && !w.late {
		w.fail("host%d begins term %d after term %d", p.n, t.Number, w.highest)
	}
	w.highest = max(w.highest, t.Number)
	o, ok := w.ended[t.Number-1]
	if !ok || o.p != p || p.dead || p.lostTerms {
		return
	}
	if held := p.local() - p.localAt(o.at); held < p.timing.OrphanAfter-time.Millisecond {
		w.fail("host%d begins term %d, %v after it gave up the previous one for another", p.n, t.Number, held)
	}
}
