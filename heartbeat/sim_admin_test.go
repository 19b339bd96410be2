package heartbeat

import (
	"context"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// handover asks the active instance to step down, for anybody or for one target.
func (w *world) handover() {
	t := w.store.view().Latest
	if t == nil || !t.Open() {
		return
	}
	var to uuid.UUID
	if h := w.hosts[w.rng.IntN(len(w.hosts))]; h.proc != nil && h.proc.m.registration.id != t.Holder && w.chance(0.5) {
		to = h.proc.m.registration.id
	}
	w.note(-1, "hand-over asked for", t.Number, to)
	w.store.requestHandover(t.Number, to)
	w.ring(t.Holder)
}

// admin deletes registrations by hand, or ends a term.
func (w *world) admin(h *host) {
	switch w.rng.IntN(6) {
	case 0:
		w.note(-1, "instances emptied", 0, uuid.Nil)
		clear(w.store.instances)
	case 1:
		w.voidTerm()
	case 2, 3:
		w.damage(h)
	default:
		if p := h.proc; p != nil {
			w.note(-1, "registration deleted", 0, p.m.registration.id)
			delete(w.store.instances, p.m.registration.id)
		}
	}
}

// voidTerm ends a term by hand, which frees the group before the work is gone. The
// protocol cannot prevent that this work overlaps with the next.
func (w *world) voidTerm() {
	t := w.store.view().Latest
	if t == nil || !t.Open() {
		return
	}
	w.void[simTerm{t.Number, t.Holder}] = true
	w.note(-1, "term ended by hand", t.Number, t.Holder)
	_ = w.store.EndTerm(context.Background(), simGroup, t.Number, t.Holder, registry.End{Reason: registry.Stopped})
	w.ring(uuid.Nil)
}
