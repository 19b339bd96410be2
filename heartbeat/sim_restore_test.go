package heartbeat

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// backUp keeps a dump of both collections, now and again.
func (w *world) backUp() {
	w.dump = w.store.clone()
	w.after(w.between(0, 10*time.Minute), w.backUp)
}

// goBack restores the dump, or loses the latest terms or all of them. Sometimes an
// instance joins that knows nothing of that.
func (w *world) goBack(h *host) {
	s := w.store
	if w.dump == nil || len(s.terms) == 0 {
		return
	}
	switch n := w.rng.IntN(4); n {
	case 0:
		w.note(-1, "terms dropped", 0, uuid.Nil)
		s.terms = nil
	case 1:
		n := max(0, len(s.terms)-1-w.rng.IntN(2))
		w.note(-1, "latest terms deleted", int64(len(s.terms)-n), uuid.Nil)
		s.terms = slices.Clone(s.terms[:n])
	default:
		w.note(-1, "dump restored", w.dump.view().Number(), uuid.Nil)
		old := w.dump.clone()
		s.instances, s.terms, s.spoilt = old.instances, old.terms, old.spoilt
	}
	w.backAt, w.late = w.now, false
	w.voidGhosts()
	w.memory = s.clone() // a node that fell behind shows nothing that was lost
	for _, h := range w.hosts {
		if h.link.past != nil {
			h.link.past = w.memory
		}
	}
	w.highest, w.resource = s.view().Number(), resource{}
	clear(w.ended)
	clear(w.claims)
	for id := range s.instances {
		w.beats[id] = w.lastBeat[id].most
		w.noteClaim(id)
	}
	w.ring(uuid.Nil)
	if w.chance(0.7) {
		w.after(w.between(0, 10*time.Second), func() {
			if h.proc != nil && !w.healing {
				h.proc.end("crash")
			}
			h.start()
		})
	}
}

// noteClaim notes since when a record that can be read claims a term above the
// latest.
func (w *world) noteClaim(id uuid.UUID) {
	if w.backAt == 0 {
		return
	}
	_, noted := w.claims[id]
	switch claims := w.store.instances[id].Term > w.store.view().Number() && !w.store.spoilt[id]; {
	case claims && !noted:
		w.claims[id] = w.now
	case !claims:
		delete(w.claims, id)
	}
}

// checkClaims checks that no instance begins a term while the record of one that works
// claims a later term than the latest. An instance whose record does not claim its term
// yet, or lost the claim with the term, has no protection.
func (w *world) checkClaims(f *flight) {
	var latest simTerm
	if t := w.before.Latest; t != nil {
		latest = simTerm{t.Number, t.Holder}
	}
	for _, h := range w.hosts {
		o := h.proc
		if o == nil || o == f.p || o.work == nil || o.work.undying || !o.work.alive && !o.believes() {
			continue
		}
		if in := w.store.instances[o.work.holder]; in.Term <= w.before.Number() || w.store.spoilt[in.ID] {
			delete(w.claims, o.work.holder) // the record was deleted or damaged
		}
		since, claims := w.claims[o.work.holder]
		switch t := o.work.simTerm(); {
		case w.void[t]:
		case f.viewed < w.backAt:
			w.void[t] = true // nothing that was seen before holds after
		case t == latest || o.work.began > w.backAt:
		case claims && since < max(f.asked, f.sent-f.p.timing.CallTimeout()):
			w.fail("host%d begins term %d although host%d works in term %d and has said so for %v", f.p.n, f.c.term.Number, o.n, t.term, f.sent-since)
		default:
			w.void[t] = true
		}
	}
}

// voidIfLost takes away the protection of work that starts in a term which is lost
// already, by a view from before.
func (w *world) voidIfLost(k *simWork) {
	if w.backAt > 0 && !slices.ContainsFunc(w.store.terms, func(t registry.Term) bool { return t.Number == k.term && t.Holder == k.holder }) {
		w.void[k.simTerm()] = true
	}
}
