package heartbeat

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// lie lets the registry answer for a while that terms were begun or are taken, which
// never show.
func (w *world) lie() {
	w.note(-1, "inserts do not show", 0, uuid.Nil)
	w.lies = true
	w.after(w.spell(), func() { w.lies = false })
}

// flood lets somebody else write many terms, or wakes all instances again and again for
// nothing.
func (w *world) flood() {
	if !w.watches {
		return
	}
	w.note(-1, "flood", 0, uuid.Nil)
	terms, pause := w.chance(0.3), w.between(2*time.Millisecond, 20*time.Millisecond)
	for n := w.rng.IntN(300); n > 0; n-- {
		w.after(time.Duration(n)*pause, func() {
			if terms && !w.healing {
				w.foreignTerm()
			}
			for _, h := range w.hosts {
				if p := h.proc; p != nil && p.hears() {
					p.deliver(woken{})
				}
			}
		})
	}
}

// foreignTerm writes a term of an instance that does not exist, half of the time with its
// end. An instance that works does not know of it before its next view.
func (w *world) foreignTerm() {
	t := registry.Term{Group: simGroup, Number: w.store.view().Number() + 1, Holder: w.newID(), Schema: registry.Schema}
	w.note(-1, "foreign term", t.Number, t.Holder)
	for _, h := range w.hosts {
		if p := h.proc; p != nil && p.work != nil {
			w.void[p.work.simTerm()] = true
		}
	}
	w.voidGhosts()
	_ = w.store.BeginTerm(context.Background(), t)
	if w.chance(0.5) {
		_ = w.store.EndTerm(context.Background(), simGroup, t.Number, t.Holder, registry.End{Reason: registry.Stopped})
	}
	w.highest = max(w.highest, t.Number)
}
