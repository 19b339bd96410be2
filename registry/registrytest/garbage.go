package registrytest

import (
	"errors"
	"fmt"
	"math"
	"slices"
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

func (s spoilt) String() string { return fmt.Sprintf("%s=%#v", s.field, s.value) }

// lead makes a group of three terms, the last one open and its holder there.
func lead(t *testing.T, b registry.Backend) (registry.Instance, registry.Term) {
	t.Helper()
	in := newInstance(t, "")
	in.Group = "garbage:" + in.ID.String()
	register(t, b, in)
	beat(t, b, in.ID, in.Status)
	for n := int64(1); n <= 2; n++ {
		end(t, b, begin(t, b, in.Group, n, in.ID), registry.End{Reason: registry.Stopped})
	}
	return in, begin(t, b, in.Group, 3, in.ID)
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
		{"endedAt", time.Time{}, registry.ErrCorrupt},
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

// wantRemains checks what a view makes of a term whose holder's record is spoilt.
func wantRemains(t *testing.T, v registry.View, err error, term registry.Term, s spoilt) {
	t.Helper()
	if err != nil || v.Latest == nil || v.Latest.Number != term.Number || v.Holder == nil || !errors.Is(v.Damage, s.want) {
		t.Fatalf("View: %+v, %v", v, err)
	}
	want := term.Remains(1)
	if s.field == "beat" {
		want.Beat = registry.NoBeat
	}
	if diff := cmp.Diff(want, *v.Holder); diff != "" {
		t.Errorf("the holder (- want, + got):\n%s", diff)
	}
	if _, promises := v.Holder.Promise(); promises {
		t.Error("what is left of a record promises something")
	}
}

func garbage(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	t.Run("HolderIsNeverTakenForAbsent", func(t *testing.T) {
		for _, s := range vitalOfInstance {
			t.Run(s.String(), func(t *testing.T) {
				in, term := lead(t, b)
				fine := newInstance(t, in.Group)
				register(t, b, fine)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				for range 2 { // reading changes nothing
					v, err := other.View(t.Context(), in.Group)
					if s.want == registry.ErrCorrupt {
						wantRemains(t, v, err, term, s)
						continue
					}
					wantError(t, "View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("View: %+v with an error", v)
					}
				}
				if s.field == "group" {
					return // it is in no group that could be listed
				}
				list, at, err := other.Instances(t.Context(), in.Group)
				wantError(t, "Instances", err, s.want)
				if len(list) != 1 || list[0].ID != fine.ID || at.IsZero() {
					t.Errorf("Instances: %v at %v, want %v alone, and the time", list, at, fine.ID)
				}
				// A hint may leave it out; it must not come as if it were good.
				if got, err := other.Candidate(t.Context(), in.Group, time.Now(), time.Hour, fine.ID); err == nil {
					t.Errorf("Candidate: %+v", got)
				} else {
					wantError(t, "Candidate", err, s.want, registry.ErrNoCandidate)
				}
				got, err := other.Silent(t.Context(), in.Group, time.Now().Add(time.Hour), time.Minute)
				wantError(t, "Silent", err, s.want)
				if len(got) != 1 || got[0].ID != fine.ID {
					t.Errorf("Silent: %v, want %v alone", got, fine.ID)
				}
			})
		}
	})

	t.Run("DamagedHolderIsDeletedOnlyWithTheBeatThatWasSeen", func(t *testing.T) {
		for _, s := range vitalOfInstance {
			if s.want != registry.ErrCorrupt {
				continue
			}
			t.Run(s.String(), func(t *testing.T) {
				in, _ := lead(t, b)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				seen := view(t, other, in.Group)
				if _, err := b.Beat(t.Context(), in.ID, in.Status); err == nil { // its owner is there
					if deleted, err := other.DeleteOrphan(t.Context(), in.ID, seen.Holder.Beat); deleted || err != nil {
						t.Fatalf("DeleteOrphan after a beat: %v, %v", deleted, err)
					}
					seen = view(t, other, in.Group)
				}
				if deleted, err := other.DeleteOrphan(t.Context(), in.ID, seen.Holder.Beat+1); deleted || err != nil {
					t.Errorf("DeleteOrphan with another beat: %v, %v", deleted, err)
				}
				if deleted, err := other.DeleteOrphan(t.Context(), in.ID, seen.Holder.Beat); !deleted || err != nil {
					t.Errorf("DeleteOrphan: %v, %v", deleted, err)
				}
			})
		}
	})

	t.Run("NoBeatDeletesNoneThatHasOne", func(t *testing.T) {
		in, _ := lead(t, b)
		if deleted, err := other.DeleteOrphan(t.Context(), in.ID, registry.NoBeat); deleted || err != nil {
			t.Errorf("DeleteOrphan: %v, %v", deleted, err)
		}
	})

	t.Run("UnreadableHidesNoSilentOne", func(t *testing.T) {
		good, _ := lead(t, b)
		bad := newInstance(t, good.Group)
		register(t, b, bad)
		store.Spoil(t, Record{ID: bad.ID}, "beat", "many")
		got, err := other.Silent(t.Context(), good.Group, time.Now().Add(time.Hour), time.Minute)
		wantError(t, "Silent", err, registry.ErrCorrupt)
		if len(got) != 1 || got[0].ID != good.ID {
			t.Errorf("Silent: %v, want %v alone", got, good.ID)
		}
	})

	t.Run("BadNameHidesNoGroup", func(t *testing.T) {
		good, _ := lead(t, b)
		bad, _ := lead(t, b)
		store.Spoil(t, Record{ID: bad.ID}, "group", "a\x00b\x1b[31m")
		got, err := other.Groups(t.Context())
		wantError(t, "Groups", err, registry.ErrCorrupt)
		if !slices.Contains(got, good.Group) {
			t.Errorf("Groups: %q, want %s among them", got, good.Group)
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
			t.Run(s.String(), func(t *testing.T) {
				in, _ := lead(t, b)
				store.Spoil(t, Record{ID: in.ID}, s.field, s.value)
				_, err := b.Beat(t.Context(), in.ID, in.Status)
				wantError(t, "Beat", err, s.want)
			})
		}
	})

	t.Run("LatestTermIsNeverSkipped", func(t *testing.T) {
		for _, s := range vitalOfTerm {
			t.Run(s.String(), func(t *testing.T) {
				in, term := lead(t, b)
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
		in, _ := lead(t, b)
		store.Spoil(t, Record{Group: in.Group, Term: 1}, "holder", "somebody")
		if got := latest(t, b, in.Group); got.Number != 3 {
			t.Errorf("the latest is %d, want 3", got.Number)
		}
		_, err := b.Terms(t.Context(), in.Group, 10)
		wantError(t, "Terms", err, registry.ErrCorrupt)
	})
}
