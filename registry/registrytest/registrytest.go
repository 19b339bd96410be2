// Package registrytest is the contract of a registry as tests: whatever passes
// [Run] can carry an election. A backend's own test hands it a constructor:
//
//	func TestConformance(t *testing.T) {
//		registrytest.Run(t, func(t *testing.T) registrytest.Store { … })
//	}
//
// The suite opens several handles on one store, as several processes would, and
// reaches beneath the registry to put garbage into what is stored.
package registrytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Store is one store of a backend, empty at first.
type Store struct {
	// Open opens one more handle on the store, as another process would. It is
	// closed by t.Cleanup; the suite may have closed it before.
	Open func(t *testing.T) registry.Backend

	// Look opens one more handle with [registry.Look], after Open was called;
	// nil: the backend has none.
	Look func(t *testing.T) registry.Backend

	// Spoil sets one field of a stored record beneath the registry, or removes
	// it where value is nil. Otherwise the value is an int64, a float64, a
	// string or a []byte, to be stored as just that. Fields go by the names of
	// the design: of an instance group, host, pid, version, startedAt, beat,
	// heartbeat, role, term, candidate, interval, orphanAfter, priority,
	// command and schema; of a term number, holder, host, orphanAfter,
	// startedAt, endedAt, reason, exitCode, silence, handover (as a whole) and schema.
	// The number is part of a term's key: store the term anew under the other.
	Spoil func(t *testing.T, r Record, field string, value any)
}

// Record names a stored record: an instance by its ID, or else a term.
type Record struct {
	ID    uuid.UUID
	Group string
	Term  int64
}

// Run tests the whole contract. It calls open for a new store several times.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) Store)
	}{
		{"Instances", instances},
		{"Candidates", candidates},
		{"Terms", terms},
		{"Groups", groups},
		{"Contention", contention},
		{"Watch", watch},
		{"Contexts", contexts},
		{"Look", look},
		{"Close", closing},
		{"Garbage", garbage},
		{"Lenient", lenient},
		{"Ends", ends},
		{"Hidden", hidden},
		{"Long", long},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}

// deadline is generous: it is there to end a test that hangs.
const deadline = 30 * time.Second

func newID(t *testing.T) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newInstance is an ordinary passive instance.
func newInstance(t *testing.T, group string) registry.Instance {
	t.Helper()
	return registry.Instance{
		ID: newID(t), Group: group, Host: "host", PID: 4711, Version: "v1.2.3",
		Status:   registry.Status{Role: registry.Passive, Candidate: true},
		Interval: 250 * time.Millisecond, OrphanAfter: 15 * time.Second,
		Priority: 5, Command: "c0ffee",
	}
}

func register(t *testing.T, b registry.Backend, in registry.Instance) time.Time {
	t.Helper()
	at, err := b.Register(t.Context(), in)
	if err != nil {
		t.Fatalf("Register: %v", err)
	}
	return at
}

// together is whether two instants that one call stored are its time: a registry
// may read its clock for each of them, as MongoDB does, and be held up in between.
func together(a, b time.Time) bool { return a.Sub(b).Abs() < time.Minute }

func beat(t *testing.T, b registry.Backend, id uuid.UUID, s registry.Status) time.Time {
	t.Helper()
	at, err := b.Beat(t.Context(), id, s)
	if err != nil {
		t.Fatalf("Beat: %v", err)
	}
	return at
}

// begin begins a term and returns it as it should be read.
func begin(t *testing.T, b registry.Backend, group string, number int64, holder uuid.UUID) registry.Term {
	t.Helper()
	term := registry.Term{Group: group, Number: number, Holder: holder, Host: "host", OrphanAfter: 15 * time.Second}
	if err := b.BeginTerm(t.Context(), term); err != nil {
		t.Fatalf("BeginTerm(%d): %v", number, err)
	}
	term.Schema = registry.Schema
	return term
}

func end(t *testing.T, b registry.Backend, term registry.Term, e registry.End) {
	t.Helper()
	if err := b.EndTerm(t.Context(), term.Group, term.Number, term.Holder, e); err != nil {
		t.Fatalf("EndTerm(%d): %v", term.Number, err)
	}
}

func view(t *testing.T, b registry.Backend, group string) registry.View {
	t.Helper()
	v, err := b.View(t.Context(), group)
	if err != nil {
		t.Fatalf("View(%q): %v", group, err)
	}
	return v
}

// latest is the group's latest term, which must be there.
func latest(t *testing.T, b registry.Backend, group string) registry.Term {
	t.Helper()
	v := view(t, b, group)
	if v.Latest == nil {
		t.Fatalf("View(%q): no term", group)
	}
	return *v.Latest
}

// find is the record of an instance, or nil.
func find(t *testing.T, b registry.Backend, group string, id uuid.UUID) *registry.Instance {
	t.Helper()
	list, _, err := b.Instances(t.Context(), group)
	if err != nil {
		t.Fatalf("Instances(%q): %v", group, err)
	}
	for _, in := range list {
		if in.ID == id {
			return &in
		}
	}
	return nil
}

func wantError(t *testing.T, what string, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if errors.Is(err, w) {
			return
		}
	}
	t.Errorf("%s: %v, want %v", what, err, want)
}

// call is one method with arguments that make sense.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// calls are all methods but Close, about an instance and an open term.
func calls(t *testing.T, b registry.Backend, in registry.Instance, term registry.Term) []call {
	stranger := newInstance(t, in.Group)
	next := term
	next.Number++
	return []call{
		{"Register", func(ctx context.Context) error { _, err := b.Register(ctx, stranger); return err }},
		{"Beat", func(ctx context.Context) error { _, err := b.Beat(ctx, in.ID, in.Status); return err }},
		{"Unregister", func(ctx context.Context) error { return b.Unregister(ctx, stranger.ID) }},
		{"View", func(ctx context.Context) error { _, err := b.View(ctx, in.Group); return err }},
		{"DeleteOrphan", func(ctx context.Context) error { _, err := b.DeleteOrphan(ctx, in.ID, 1<<40); return err }},
		{"BeginTerm", func(ctx context.Context) error { return b.BeginTerm(ctx, next) }},
		{"EndTerm", func(ctx context.Context) error {
			return b.EndTerm(ctx, term.Group, term.Number, term.Holder, registry.End{Reason: registry.Stopped})
		}},
		{"Candidate", func(ctx context.Context) error {
			_, err := b.Candidate(ctx, in.Group, time.Now(), time.Hour)
			return err
		}},
		{"Silent", func(ctx context.Context) error { _, err := b.Silent(ctx, in.Group, time.Now(), time.Hour); return err }},
		{"Claimant", func(ctx context.Context) error { _, err := b.Claimant(ctx, in.Group, -1); return err }},
		{"Watch", func(ctx context.Context) error { _, err := b.Watch(ctx, in.Group); return err }},
		{"Instances", func(ctx context.Context) error { _, _, err := b.Instances(ctx, in.Group); return err }},
		{"Terms", func(ctx context.Context) error { _, err := b.Terms(ctx, in.Group, 3); return err }},
		{"Groups", func(ctx context.Context) error { _, err := b.Groups(ctx); return err }},
		{"RequestHandover", func(ctx context.Context) error {
			return b.RequestHandover(ctx, term.Group, term.Number, uuid.Nil)
		}},
		{"Info", func(ctx context.Context) error { _, err := b.Info(ctx); return err }},
	}
}
