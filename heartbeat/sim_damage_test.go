package heartbeat

import (
	"time"

	"github.com/google/uuid"
)

// damage makes a record promise nothing sensible or less than its owner does, or makes it
// unreadable, and sometimes the latest term as well. If instances promise different
// things, the term stays as it is: an observer that has lost both could go by nothing but
// its own promise.
func (w *world) damage(h *host) {
	p := h.proc
	if p == nil {
		return
	}
	if in, ok := w.store.instances[p.m.registration.id]; ok {
		w.note(-1, "record damaged", 0, in.ID)
		w.damaged[in.ID] = true
		switch w.rng.IntN(5) {
		case 0, 1:
			in.OrphanAfter, in.Interval = w.between(-time.Second, time.Second), 0
		case 2:
			in.OrphanAfter = max(in.OrphanAfter/3, 4*in.Interval+2*time.Second)
		case 3:
			if damageStretches { // the longest interval that fits its T
				in.Interval = in.OrphanAfter*2/9 - time.Second
			}
		case 4:
			if w.store.spoilt == nil {
				w.store.spoilt = map[uuid.UUID]bool{}
			}
			w.store.spoilt[in.ID] = true
		}
		w.store.instances[in.ID] = in
	}
	if n := len(w.store.terms); n > 0 && !w.mixed {
		w.store.terms[n-1].OrphanAfter = 0
	}
}
