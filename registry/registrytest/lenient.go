package registrytest

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// lenient: a field on which no decision rests is zero if it makes no sense, and the record
// is valid.
func lenient(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	t.Run("InformationOfAnInstanceIsLenient", func(t *testing.T) {
		impossible := []any{nil, "garbage", []byte{1, 2}, 2.5, int64(-5), int64(math.MaxInt64)}
		mistyped := []any{nil, "garbage", []byte{1, 2}, 2.5}
		numeric := []any{nil, int64(5), []byte{1, 2}, 2.5}
		for _, c := range []struct {
			field  string
			values []any
			zero   func(in *registry.Instance)
		}{
			{"host", numeric, func(in *registry.Instance) { in.Host = "" }},
			{"version", numeric, func(in *registry.Instance) { in.Version = "" }},
			{"command", numeric, func(in *registry.Instance) { in.Command = "" }},
			{"pid", mistyped, func(in *registry.Instance) { in.PID = 0 }},
			{"priority", mistyped, func(in *registry.Instance) { in.Priority = 0 }},
			{"interval", impossible, func(in *registry.Instance) { in.Interval = 0 }},
			{"orphanAfter", impossible, func(in *registry.Instance) { in.OrphanAfter = 0 }},
			{"startedAt", mistyped[:3], func(in *registry.Instance) { in.StartedAt = time.Time{} }},
			{"role", numeric, func(in *registry.Instance) { in.Role = "" }},
			{"term", mistyped, func(in *registry.Instance) { in.Term = 0 }},
			{"candidate", mistyped, func(in *registry.Instance) { in.Candidate = false }},
		} {
			for _, value := range c.values {
				t.Run(spoilt{field: c.field, value: value}.String(), func(t *testing.T) {
					in, _ := lead(t, b)
					want := *find(t, b, in.Group, in.ID)
					c.zero(&want)
					store.Spoil(t, Record{ID: in.ID}, c.field, value)
					v, err := other.View(t.Context(), in.Group)
					if err != nil || v.Holder == nil {
						t.Fatalf("View: %+v, %v; want the holder", v, err)
					}
					if diff := cmp.Diff(want, *v.Holder); diff != "" {
						t.Errorf("the holder (- want, + got):\n%s", diff)
					}
					if diff := cmp.Diff(&want, find(t, other, in.Group, in.ID)); diff != "" {
						t.Errorf("Instances (- want, + got):\n%s", diff)
					}
					if _, err := other.Candidate(t.Context(), in.Group, time.Now(), time.Hour); err != nil && !errors.Is(err, registry.ErrNoCandidate) {
						t.Errorf("Candidate: %v, want none, or ErrNoCandidate", err)
					}
					beat(t, b, in.ID, in.Status)
				})
			}
		}
	})

	t.Run("InformationOfATermIsLenient", func(t *testing.T) {
		for _, c := range []struct {
			field  string
			values []any
			zero   func(term *registry.Term)
		}{
			{"host", []any{nil, int64(5), []byte{1, 2}}, func(term *registry.Term) { term.Host = "" }},
			{"orphanAfter", []any{nil, "garbage", 2.5, int64(-5), int64(math.MaxInt64)}, func(term *registry.Term) { term.OrphanAfter = 0 }},
			{"reason", []any{nil, int64(5), []byte{1, 2}}, func(term *registry.Term) { term.End.Reason = "" }},
			{"exitCode", []any{nil, "garbage", 2.5}, func(term *registry.Term) { term.End.ExitCode = 0 }},
			{"handover", []any{nil, "garbage", []byte{1, 2}}, func(term *registry.Term) { term.Handover = nil }},
		} {
			for _, value := range c.values {
				t.Run(spoilt{field: c.field, value: value}.String(), func(t *testing.T) {
					in, term := lead(t, b)
					if err := b.RequestHandover(t.Context(), in.Group, 3, uuid.Nil); err != nil {
						t.Fatal(err)
					}
					end(t, b, term, registry.End{Reason: registry.WorkDone, ExitCode: 3})
					want := latest(t, b, in.Group)
					c.zero(&want)
					store.Spoil(t, Record{Group: in.Group, Term: 3}, c.field, value)
					if diff := cmp.Diff(want, latest(t, other, in.Group)); diff != "" {
						t.Errorf("the term (- want, + got):\n%s", diff)
					}
				})
			}
		}
	})
}
