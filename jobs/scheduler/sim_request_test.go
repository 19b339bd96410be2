package scheduler

import (
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// request sends a request to the store: it may be lost, its answer may be lost, and it may
// arrive late.
func (w *world) request(h *simHolder, r request) {
	w.checkRequest(h, r)
	slow := time.Duration(0)
	fault := w.rand.IntN(100)
	if w.calm {
		fault = 100
	}
	if fault < 2 {
		slow = w.between(time.Second, 3*time.Minute)
	}
	if h.fades > 0 && w.chance(50) {
		slow = h.lease - w.now + w.between(0, 300*time.Millisecond)
	}
	cut := w.now < h.cut
	w.after(w.between(time.Millisecond, 20*time.Millisecond)+slow, func() {
		if !cut && slow == 0 && (fault == 7 || w.now < h.refused && r.writes()) { // it fails as a whole, and does nothing
			w.event(h, answer{request: r, err: fmt.Errorf("the latest term: %w", registry.ErrCorrupt)})
			return
		}
		if cut || fault == 3 || fault == 4 { // lost
			w.after(time.Second, func() { w.event(h, answer{request: r, err: errSim}) })
			return
		}
		if r.kind == kindUpdate && !w.calm && w.chance(2) && r.runs[0].Job != "all" { // just before it
			w.store.cancel(r.runs[0].Key, w.registryTime())
		}
		if r.kind == kindUpdate {
			w.checkOrder(h, r)
		}
		a := w.store.apply(h.id, r)
		switch {
		case slow > 0: // nobody learns of it
		case fault == 5 || fault == 6:
			w.event(h, answer{request: r, err: errSim})
		default:
			if r.kind == kindSeal && a.err == nil {
				h.sealed = w.now
			}
			w.event(h, a)
		}
	})
	if slow > 0 {
		w.after(time.Second, func() { w.event(h, answer{request: r, err: errSim}) })
	}
}

// writes reports whether a request changes something.
func (r request) writes() bool {
	return r.kind == kindClaim || r.kind == kindChildren || r.kind == kindUpdate || r.kind == kindSave || r.kind == kindPrune
}
