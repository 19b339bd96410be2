package registrytest

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// terms: a term is begun once, ended once, and never skipped.
func terms(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	t.Run("AGroupWithoutTermsHasNone", func(t *testing.T) {
		if v := view(t, b, "never"); v.Latest != nil || v.Holder != nil {
			t.Errorf("View of a group without terms: %+v, want none", v)
		}
		if list, err := b.Terms(t.Context(), "never", 10); err != nil || len(list) != 0 {
			t.Errorf("Terms of a group without terms: %v, %v; want none", list, err)
		}
	})

	t.Run("BeginTermIsReadBackWithItsHolder", func(t *testing.T) {
		in := newInstance(t, "begin")
		at := register(t, b, in)
		want := begin(t, b, in.Group, 1, in.ID)
		v := view(t, other, in.Group)
		if v.Latest == nil || v.Holder == nil {
			t.Fatalf("View: %+v, want the term and its holder", v)
		}
		if v.Latest.StartedAt.Before(at) {
			t.Errorf("StartedAt is %v, want none before the registration, %v", v.Latest.StartedAt, at)
		}
		want.StartedAt = v.Latest.StartedAt
		if diff := cmp.Diff(want, *v.Latest); diff != "" {
			t.Errorf("the term (- want, + got):\n%s", diff)
		}
		if v.Holder.ID != in.ID || v.Holder.OrphanAfter != in.OrphanAfter || v.Holder.Interval != in.Interval {
			t.Errorf("the holder is %+v, want %+v", v.Holder, in)
		}
	})

	t.Run("ViewLeavesOutTheHoldersThatAreExcepted", func(t *testing.T) {
		in := newInstance(t, "except")
		register(t, b, in)
		begin(t, b, in.Group, 1, in.ID)
		for _, tt := range []struct {
			except []uuid.UUID
			reads  bool
		}{{nil, true}, {[]uuid.UUID{newID(t)}, true}, {[]uuid.UUID{in.ID}, false}, {[]uuid.UUID{newID(t), in.ID}, false}} {
			v, err := b.View(t.Context(), in.Group, tt.except...)
			if err != nil || v.Latest == nil || v.Latest.Holder != in.ID {
				t.Fatalf("View: %+v, %v; want the term", v, err)
			}
			if got := v.Holder != nil; got != tt.reads {
				t.Errorf("View except %v reads the record of %v: %v, want %v", tt.except, in.ID, got, tt.reads)
			}
		}
	})

	t.Run("BeginTermMakesAnOpenOne", func(t *testing.T) {
		at := time.Unix(1, 0)
		err := b.BeginTerm(t.Context(), registry.Term{
			Group: "open", Number: 1, Holder: newID(t), StartedAt: at, EndedAt: at, Schema: 77,
			End: registry.End{Reason: registry.WorkDone, ExitCode: 3}, Handover: &registry.Handover{At: at},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := latest(t, other, "open")
		if !got.Open() || got.End != (registry.End{}) || got.Handover != nil || got.StartedAt.Equal(at) || got.Schema != registry.Schema {
			t.Errorf("the term is %+v, want it open, without a request, from the registry's time, and of schema %d", got, registry.Schema)
		}
	})

	t.Run("BeginTermTwiceIsErrTermTaken", func(t *testing.T) {
		first := begin(t, b, "taken", 1, newID(t))
		for range 2 { // while the term is open, and after its end
			for _, holder := range []uuid.UUID{newID(t), first.Holder} {
				err := other.BeginTerm(t.Context(), registry.Term{Group: "taken", Number: 1, Holder: holder})
				suite.WantError(t, "BeginTerm", err, registry.ErrTermTaken)
			}
			if got := latest(t, b, "taken"); got.Holder != first.Holder {
				t.Errorf("the holder is %v, want the first one, %v", got.Holder, first.Holder)
			}
			end(t, b, first, registry.End{Reason: registry.Stopped})
		}
	})

	t.Run("BeginTermRefusesNonsense", func(t *testing.T) {
		for _, term := range []registry.Term{
			{Group: "nonsense", Number: 0, Holder: newID(t)},
			{Group: "nonsense", Number: -1, Holder: newID(t)},
			{Group: "nonsense", Number: 1},
			{Group: "non sense", Number: 1, Holder: newID(t)},
			{Group: "", Number: 1, Holder: newID(t)},
		} {
			if err := b.BeginTerm(t.Context(), term); err == nil {
				t.Errorf("BeginTerm(%+v): no error, want one", term)
			}
		}
		if v := view(t, b, "nonsense"); v.Latest != nil {
			t.Errorf("View: %+v, want no term", v.Latest)
		}
	})

	t.Run("TermsAreOrderedAsNumbers", func(t *testing.T) {
		const group = "ordered"
		numbers := []int64{1, 2, 9, 10, 11, 99, 100, 255, 256, 1 << 31, 1 << 32, 1<<53 - 1, 1 << 53, 1<<53 + 1, registry.MaxTerm - 1, registry.MaxTerm}
		for i, n := range numbers {
			begin(t, b, group, n, newID(t))
			if got := latest(t, other, group); got.Number != n {
				t.Fatalf("the latest is %d, want %d", got.Number, n)
			}
			for _, limit := range []int{0, 1, 3, 100} {
				list, err := other.Terms(t.Context(), group, limit)
				if err != nil || len(list) != min(limit, i+1) {
					t.Fatalf("Terms(%d): %d of them, %v; want %d", limit, len(list), err, min(limit, i+1))
				}
				for k, term := range list {
					if term.Number != numbers[i-k] {
						t.Errorf("Terms(%d): number %d at %d, want %d", limit, term.Number, k, numbers[i-k])
					}
				}
			}
		}
	})

	t.Run("AnOlderTermInsertedLateIsNotTheLatest", func(t *testing.T) {
		begin(t, b, "late", 7, newID(t))
		begin(t, b, "late", 6, newID(t))
		if got := latest(t, other, "late"); got.Number != 7 {
			t.Errorf("the latest is %d, want 7", got.Number)
		}
	})

	t.Run("BeyondMaxTermIsErrTermExhausted", func(t *testing.T) {
		begin(t, b, "max", registry.MaxTerm, newID(t))
		for _, n := range []int64{registry.MaxTerm + 1, math.MaxInt64 - 1, math.MaxInt64} {
			err := b.BeginTerm(t.Context(), registry.Term{Group: "max", Number: n, Holder: newID(t)})
			suite.WantError(t, "BeginTerm", err, registry.ErrTermExhausted)
		}
		if got := latest(t, other, "max"); got.Number != registry.MaxTerm {
			t.Errorf("the latest is %d, want %d", got.Number, int64(registry.MaxTerm))
		}
	})

	t.Run("EndTermByItsHolderOnceAndForAll", func(t *testing.T) {
		in := newInstance(t, "end")
		register(t, b, in)
		term := begin(t, b, in.Group, 1, in.ID)
		want := registry.End{Reason: registry.WorkDone, ExitCode: 42}
		end(t, b, term, want)
		first := latest(t, other, in.Group)
		if first.Open() || first.End != want || first.EndedAt.Before(first.StartedAt) {
			t.Fatalf("the term is %+v, want the end %+v, which is not before the start", first, want)
		}
		end(t, other, term, registry.End{Reason: registry.LeaseLost})
		if diff := cmp.Diff(first, latest(t, b, in.Group)); diff != "" {
			t.Errorf("a second EndTerm changed the term (- before, + after):\n%s", diff)
		}
		if v := view(t, b, in.Group); v.Holder != nil {
			t.Errorf("the holder of an ended term is %+v, want that it is not read", v.Holder)
		}
	})

	t.Run("EndTermByAnotherIsNoErrorAndEndsNothing", func(t *testing.T) {
		term := begin(t, b, "foreign", 1, newID(t))
		end(t, b, registry.Term{Group: "foreign", Number: 1, Holder: newID(t)}, registry.End{Reason: registry.Stopped})
		end(t, b, registry.Term{Group: "foreign", Number: 2, Holder: term.Holder}, registry.End{Reason: registry.Stopped})
		end(t, b, registry.Term{Group: "foreig", Number: 1, Holder: term.Holder}, registry.End{Reason: registry.Stopped})
		if got := latest(t, other, "foreign"); !got.Open() || got.Number != 1 {
			t.Errorf("the term is %+v, want it open", got)
		}
		if v := view(t, other, "foreig"); v.Latest != nil {
			t.Errorf("EndTerm of a term that does not exist made %+v, want none", v.Latest)
		}
	})

	t.Run("ASuccessorClosesTheTermOfTheDeposed", func(t *testing.T) {
		old := begin(t, b, "deposed", 1, newID(t))
		begin(t, other, "deposed", 2, newID(t))
		end(t, other, old, registry.End{Reason: registry.Orphaned})
		list, err := b.Terms(t.Context(), "deposed", 10)
		if err != nil || len(list) != 2 || !list[0].Open() || list[1].Open() || list[1].End.Reason != registry.Orphaned {
			t.Errorf("Terms: %+v, %v; want term 2 open and term 1 orphaned", list, err)
		}
	})

	t.Run("AHolderThatLeftIsNil", func(t *testing.T) {
		in := newInstance(t, "left")
		register(t, b, in)
		begin(t, b, in.Group, 1, in.ID)
		if err := b.Unregister(t.Context(), in.ID); err != nil {
			t.Fatal(err)
		}
		if v := view(t, other, in.Group); v.Latest == nil || !v.Latest.Open() || v.Holder != nil {
			t.Errorf("View: %+v, want the open term, and no holder because it has no record", v)
		}
	})

	t.Run("HandoverIsRequestedOfAnOpenTerm", func(t *testing.T) {
		term := begin(t, b, "handover", 3, newID(t))
		before := latest(t, b, "handover").StartedAt
		for _, to := range []uuid.UUID{uuid.Nil, newID(t)} { // the last request counts
			if err := other.RequestHandover(t.Context(), "handover", 3, to); err != nil {
				t.Fatalf("RequestHandover: %v", err)
			}
			got := latest(t, b, "handover")
			if got.Handover == nil || got.Handover.To != to || got.Handover.At.Before(before) || !got.Open() {
				t.Errorf("the term is %+v, want it open with a request for %v", got, to)
			}
		}
		end(t, b, term, registry.End{Reason: registry.HandedOver})
		if got := latest(t, b, "handover"); got.Handover == nil || got.End.Reason != registry.HandedOver {
			t.Errorf("the ended term is %+v, want the request kept", got)
		}
	})

	t.Run("HandoverOfNoOpenTermIsErrNoTerm", func(t *testing.T) {
		term := begin(t, b, "ended", 1, newID(t))
		end(t, b, term, registry.End{Reason: registry.Stopped})
		ended := latest(t, b, "ended")
		for _, r := range []struct {
			group  string
			number int64
		}{{"ended", 1}, {"ended", 2}, {"ende", 1}} {
			err := other.RequestHandover(t.Context(), r.group, r.number, uuid.Nil)
			suite.WantError(t, "RequestHandover", err, registry.ErrNoTerm)
		}
		if diff := cmp.Diff(ended, latest(t, b, "ended")); diff != "" {
			t.Errorf("the request changed the ended term (- before, + after):\n%s", diff)
		}
	})
}
