package registrytest

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// spoilt is one value that a field should not have.
type spoilt struct {
	field string
	value any // nil: the field is missing
	want  error
}

var (
	vitalOfInstance = []spoilt{
		{"beat", nil, registry.ErrCorrupt},
		{"beat", "many", registry.ErrCorrupt},
		{"beat", int64(-1), registry.ErrCorrupt},
		{"beat", 2.5, registry.ErrCorrupt},
		{"beat", []byte{1}, registry.ErrCorrupt},
		{"heartbeat", nil, registry.ErrCorrupt},
		{"heartbeat", "now", registry.ErrCorrupt},
		{"heartbeat", []byte{0xff, 0}, registry.ErrCorrupt},
		{"group", nil, registry.ErrCorrupt},
		{"group", "", registry.ErrCorrupt},
		{"group", "a\x00b\x1b[31m", registry.ErrCorrupt},
		{"group", int64(7), registry.ErrCorrupt},
		{"schema", nil, registry.ErrCorrupt},
		{"schema", "one", registry.ErrCorrupt},
		{"schema", int64(0), registry.ErrCorrupt},
		{"schema", int64(-1), registry.ErrCorrupt},
		{"schema", int64(registry.Schema + 1), registry.ErrSchema},
		{"schema", int64(math.MaxInt64), registry.ErrSchema},
	}
	vitalOfTerm = []spoilt{
		{"holder", nil, registry.ErrCorrupt},
		{"holder", "somebody", registry.ErrCorrupt},
		{"holder", "", registry.ErrCorrupt},
		{"holder", int64(7), registry.ErrCorrupt},
		{"holder", []byte("fifteen bytes.."), registry.ErrCorrupt},
		{"startedAt", nil, registry.ErrCorrupt},
		{"startedAt", "yesterday", registry.ErrCorrupt},
		{"endedAt", "", registry.ErrCorrupt},
		{"endedAt", "never", registry.ErrCorrupt},
		{"endedAt", []byte{}, registry.ErrCorrupt},
		{"schema", nil, registry.ErrCorrupt},
		{"schema", "one", registry.ErrCorrupt},
		{"schema", int64(0), registry.ErrCorrupt},
		{"schema", int64(registry.Schema + 1), registry.ErrSchema},
		{"schema", int64(math.MaxInt64), registry.ErrSchema},
		{"number", "three", registry.ErrCorrupt},
		{"number", 3.5, registry.ErrCorrupt},
		{"number", []byte{3}, registry.ErrCorrupt},
		{"number", int64(math.MaxInt64), registry.ErrTermExhausted},
	}
)

func garbage(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	groups := 0
	// lead makes a group of three terms, the last one open and its holder there.
	lead := func(t *testing.T) (registry.Instance, registry.Term) {
		t.Helper()
		groups++
		in := newInstance(t, fmt.Sprintf("garbage:%d", groups))
		register(t, b, in)
		beat(t, b, in.ID, in.Status)
		for n := int64(1); n <= 2; n++ {
			end(t, b, begin(t, b, in.Group, n, in.ID), registry.End{Reason: registry.Stopped})
		}
		return in, begin(t, b, in.Group, 3, in.ID)
	}
	name := func(s spoilt) string { return fmt.Sprintf("%s=%#v", s.field, s.value) }

	t.Run("HolderIsNeverTakenForAbsent", func(t *testing.T) {
		for _, s := range vitalOfInstance {
			t.Run(name(s), func(t *testing.T) {
				in, _ := lead(t)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				for range 2 { // reading changes nothing
					v, err := other.View(t.Context(), in.Group)
					wantError(t, "View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("View: %+v with an error", v)
					}
				}
				if s.field == "group" {
					return // it is in no group that could be listed
				}
				_, _, err := other.Instances(t.Context(), in.Group)
				wantError(t, "Instances", err, s.want)
				// A hint may leave it out; it must not come as if it were good.
				if got, err := other.Candidate(t.Context(), in.Group, time.Time{}); err == nil {
					t.Errorf("Candidate: %+v", got)
				} else {
					wantError(t, "Candidate", err, s.want, registry.ErrNoCandidate)
				}
				if got, err := other.Silent(t.Context(), in.Group, time.Now().Add(time.Hour)); err == nil && len(got) > 0 {
					t.Errorf("Silent: %+v", got)
				} else if err != nil {
					wantError(t, "Silent", err, s.want)
				}
			})
		}
	})

	t.Run("BeatOfASpoiltRecordIsAnError", func(t *testing.T) {
		for _, s := range []spoilt{
			{"beat", nil, registry.ErrCorrupt},
			{"beat", "many", registry.ErrCorrupt},
			{"beat", int64(math.MaxInt64), registry.ErrCorrupt},
			{"schema", int64(registry.Schema + 1), registry.ErrSchema},
			{"schema", "one", registry.ErrCorrupt},
		} {
			t.Run(name(s), func(t *testing.T) {
				in, _ := lead(t)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				_, err := b.Beat(t.Context(), in.ID, in.Status)
				wantError(t, "Beat", err, s.want)
			})
		}
	})

	t.Run("LatestTermIsNeverSkipped", func(t *testing.T) {
		for _, s := range vitalOfTerm {
			t.Run(name(s), func(t *testing.T) {
				in, term := lead(t)
				store.Spoil(t, Record{Group: in.Group, Term: 3}, s.field, s.value)
				check := func(when string) {
					t.Helper()
					v, err := other.View(t.Context(), in.Group)
					wantError(t, when+": View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("%s: View: %+v with an error", when, v)
					}
					_, err = other.Terms(t.Context(), in.Group, 10)
					wantError(t, when+": Terms", err, s.want)
				}
				check("at first")
				if s.field != "number" {
					err := b.BeginTerm(t.Context(), term)
					wantError(t, "BeginTerm", err, registry.ErrTermTaken)
				}
				if s.field == "endedAt" || s.field == "holder" {
					end(t, b, term, registry.End{Reason: registry.Stopped})
					check("after EndTerm")
				}
				if s.field == "endedAt" {
					err := b.RequestHandover(t.Context(), in.Group, 3, uuid.Nil)
					wantError(t, "RequestHandover", err, registry.ErrNoTerm, registry.ErrCorrupt)
					check("after RequestHandover")
				}
			})
		}
	})

	t.Run("OldTermIsNotListedAsIfItWereGood", func(t *testing.T) {
		in, _ := lead(t)
		store.Spoil(t, Record{Group: in.Group, Term: 1}, "holder", "somebody")
		if got := latest(t, b, in.Group); got.Number != 3 {
			t.Errorf("the latest is %d, want 3", got.Number)
		}
		_, err := b.Terms(t.Context(), in.Group, 10)
		wantError(t, "Terms", err, registry.ErrCorrupt)
	})

	// What is there for people and for comfort is left out instead.
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
				t.Run(name(spoilt{c.field, value, nil}), func(t *testing.T) {
					in, _ := lead(t)
					want := *find(t, b, in.Group, in.ID)
					c.zero(&want)
					store.Spoil(t, Record{ID: in.ID}, c.field, value)
					v, err := other.View(t.Context(), in.Group)
					if err != nil || v.Holder == nil {
						t.Fatalf("View: %+v, %v", v, err)
					}
					if diff := cmp.Diff(want, *v.Holder); diff != "" {
						t.Errorf("the holder (- want, + got):\n%s", diff)
					}
					if diff := cmp.Diff(&want, find(t, other, in.Group, in.ID)); diff != "" {
						t.Errorf("Instances (- want, + got):\n%s", diff)
					}
					if _, err := other.Candidate(t.Context(), in.Group, time.Time{}); err != nil && !errors.Is(err, registry.ErrNoCandidate) {
						t.Errorf("Candidate: %v", err)
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
				t.Run(name(spoilt{c.field, value, nil}), func(t *testing.T) {
					in, term := lead(t)
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
