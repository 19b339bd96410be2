package heartbeat

import (
	"maps"
	"slices"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// mislead makes a hint wrong, and returns by how much it comes late. Once all is healed,
// the lists of silent instances are complete again, but may name too many.
func (w *world) mislead(a *answer) (late time.Duration) {
	if !w.misled || w.settled || w.drilling || a.err != nil && a.request.kind != kindCandidate || !w.chance(0.5) {
		return 0
	}
	switch a.request.kind {
	case kindBeat:
		if !w.store.everybody {
			a.listen = []int64{0, 1, w.highest, registry.AnyTerm}[w.rng.IntN(4)]
		}
		return 0
	case kindCandidate:
		*a = answer{request: a.request}
		switch h := w.hosts[w.rng.IntN(len(w.hosts))]; w.rng.IntN(3) {
		case 0:
			a.err = registry.ErrNoCandidate
		case 1:
			a.senior = w.newID() // nobody
		case 2:
			if h.proc != nil {
				a.senior = h.proc.m.registration.id
			}
		}
	case kindSilent:
		all := slices.Collect(maps.Values(w.store.instances))
		sortByID(all)
		switch n := w.rng.IntN(3); {
		case n == 0:
			a.silent = all
		case n == 1 && !w.healing:
			a.silent = nil
		}
	default:
		return 0
	}
	if w.chance(0.3) {
		late = w.between(0, 8*time.Second)
	}
	return late
}
