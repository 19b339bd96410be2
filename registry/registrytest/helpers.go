package registrytest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

func newID(t *testing.T) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newInstance returns an ordinary passive instance.
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
	ack, err := b.Register(t.Context(), in)
	if err != nil {
		t.Fatalf("Register: %v", err)
	}
	return ack.At
}

// together reports whether two instants that one call stored can be the time of that
// call. A registry may read its clock for each of them, as MongoDB does, and be delayed in
// between.
func together(a, b time.Time) bool { return a.Sub(b).Abs() < time.Minute }

func beat(t *testing.T, b registry.Backend, id uuid.UUID, s registry.Status) time.Time {
	t.Helper()
	ack, err := b.Beat(t.Context(), id, s)
	if err != nil {
		t.Fatalf("Beat: %v", err)
	}
	return ack.At
}

// begin begins a term and returns it as it has to be read.
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

// latest returns the group's latest term. The test fails if there is none.
func latest(t *testing.T, b registry.Backend, group string) registry.Term {
	t.Helper()
	v := view(t, b, group)
	if v.Latest == nil {
		t.Fatalf("View(%q): no term, want the one that was begun", group)
	}
	return *v.Latest
}

// find returns the record of an instance; nil if there is none.
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

// call is one method with sensible arguments.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// calls returns a call of each method but Close, about an instance and an open term.
func calls(t *testing.T, b registry.Backend, in registry.Instance, term registry.Term) []call {
	stranger := newInstance(t, in.Group)
	next := term
	next.Number++
	return []call{
		{"Register", func(ctx context.Context) error { _, err := b.Register(ctx, stranger); return err }},
		{"Beat", func(ctx context.Context) error { _, err := b.Beat(ctx, in.ID, in.Status); return err }},
		{"Mark", func(ctx context.Context) error { return b.Mark(ctx, stranger.ID, 1) }},
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
