package heartbeat

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// breakage names a rule that the simulated world breaks on purpose: one that the registry
// or the clock has to keep.
type breakage string

const (
	unbroken            breakage = ""
	clockIgnoresSuspend breakage = "clock-ignores-suspend"
	beatUpserts         breakage = "beat-upserts"
	deleteAnyBeat       breakage = "delete-any-beat"
	termsDeleted        breakage = "terms-deleted"
	writeConcernOne     breakage = "write-concern-1"
	staleNode           breakage = "stale-node"
	twoNodes            breakage = "two-nodes"
	holderFirst         breakage = "holder-first"
	ringsEarly          breakage = "rings-early"

	// What a guard must not do, see package worker/internal/guard.
	willBeforeTheTreeIsDead breakage = "will-before-the-tree-is-dead"
	willWithoutThePidfd     breakage = "will-without-the-pidfd"
	willEndsALaterTerm      breakage = "will-ends-a-later-term"
	initOutlivesItsGuard    breakage = "init-outlives-its-guard"
)

// wrap returns the registry of a world in which the rule is broken.
func (b breakage) wrap(w *world) registry.Registry {
	r := &brokenRegistry{store: w.store, w: w, records: map[uuid.UUID]registry.Instance{}}
	switch b {
	case beatUpserts, deleteAnyBeat, termsDeleted:
		r.rule = b
	case writeConcernOne:
		r.replicate()
		r.failOver()
	case staleNode, twoNodes:
		r.rule = b
		r.lag(10 * time.Minute)
	case holderFirst:
		r.rule = b
		r.lagCalls()
	default:
		return w.store
	}
	return r
}

// brokenRegistry is the store with one rule broken.
type brokenRegistry struct {
	*store
	w       *world
	rule    breakage
	records map[uuid.UUID]registry.Instance // of all that ever registered
	old     *store                          // an older state
}

func (s *store) clone() *store {
	return &store{clock: s.clock, instances: maps.Clone(s.instances), terms: slices.Clone(s.terms), spoilt: maps.Clone(s.spoilt), watchers: s.watchers, everybody: s.everybody}
}

// lag keeps an older state, of up to the given age.
func (r *brokenRegistry) lag(age time.Duration) {
	r.old = r.store.clone()
	r.w.after(r.w.between(0, age), func() { r.lag(age) })
}

// lagCalls keeps an older state, of up to the time that both reads may take.
func (r *brokenRegistry) lagCalls() {
	r.old = r.store.clone()
	age := time.Second
	for _, h := range r.w.hosts {
		if h != nil { // else the world is being made
			age = max(age, h.timing.CallTimeout())
		}
	}
	r.w.after(r.w.between(0, age), r.lagCalls)
}

// replicate keeps what a second node has received.
func (r *brokenRegistry) replicate() {
	r.old = r.store.clone()
	r.w.after(r.w.between(10*time.Millisecond, 2*time.Second), r.replicate)
}

// failOver makes that node the primary, so that what was acknowledged but not replicated
// is lost.
func (r *brokenRegistry) failOver() {
	r.w.after(r.w.between(time.Minute, 20*time.Minute), func() {
		if r.w.healing {
			return
		}
		r.w.note(-1, "failover", 0, uuid.Nil)
		old := r.old.clone()
		r.store.instances, r.store.terms = old.instances, old.terms
		r.failOver()
	})
}

func (r *brokenRegistry) Register(ctx context.Context, in registry.Instance) (registry.Ack, error) {
	r.records[in.ID] = in
	return r.store.Register(ctx, in)
}

func (r *brokenRegistry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (registry.Ack, error) {
	if _, ok := r.store.instances[id]; !ok && r.rule == beatUpserts {
		_, _ = r.store.Register(ctx, r.records[id])
	}
	return r.store.Beat(ctx, id, s)
}

func (r *brokenRegistry) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	switch r.rule {
	case staleNode:
		return r.old.View(ctx, group, except...)
	case twoNodes, holderFirst:
		v := r.store.view(except...)
		if v.Latest != nil {
			v.Holder = nil
			if in, ok := r.old.instances[v.Latest.Holder]; ok && v.Latest.Open() && !slices.Contains(except, v.Latest.Holder) {
				v.Holder = &in
			}
		}
		return v, nil
	}
	return r.store.View(ctx, group, except...)
}

func (r *brokenRegistry) DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (bool, error) {
	if r.rule == deleteAnyBeat {
		beat = r.store.instances[id].Beat
	}
	return r.store.DeleteOrphan(ctx, id, beat)
}

func (r *brokenRegistry) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	err := r.store.EndTerm(ctx, group, number, holder, end)
	if r.rule == termsDeleted {
		r.w.after(time.Minute, func() {
			r.store.terms = slices.DeleteFunc(r.store.terms, func(t registry.Term) bool { return t.Number == number && !t.Open() })
		})
	}
	return err
}
