package registrytest

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// wantRemains checks the view of a term whose holder has a record that makes no sense.
func wantRemains(t *testing.T, v registry.View, err error, term registry.Term, s spoilt) {
	t.Helper()
	if err != nil || v.Latest == nil || v.Latest.Number != term.Number || v.Holder == nil || !errors.Is(v.Damage, s.want) {
		t.Fatalf("View: %+v, %v; want the term, what remains of its holder, and a Damage that is %v", v, err, s.want)
	}
	want := term.Remains(1)
	if s.field == "beat" {
		want.Beat = registry.NoBeat
	}
	if diff := cmp.Diff(want, *v.Holder); diff != "" {
		t.Errorf("the holder is not Term.Remains (- want, + got):\n%s", diff)
	}
	if _, promises := v.Holder.Promise(); promises {
		t.Error("a record that makes no sense has a Promise")
	}
}

// garbage: an instance whose record makes no sense is an error, and never taken for absent.
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
				for range 2 { // reading must not change it
					v, err := other.View(t.Context(), in.Group)
					if s.want == registry.ErrCorrupt {
						wantRemains(t, v, err, term, s)
						continue
					}
					suite.WantError(t, "View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("View: %+v beside the error, want nothing", v)
					}
				}
				if s.field == "group" {
					return // it belongs to no group that could be listed
				}
				list, at, err := other.Instances(t.Context(), in.Group)
				suite.WantError(t, "Instances", err, s.want)
				if len(list) != 1 || list[0].ID != fine.ID || at.IsZero() {
					t.Errorf("Instances: %v at %v, want %v alone, and the time", list, at, fine.ID)
				}
				// Candidate may skip the record, but must not return it as if it were sound.
				if got, err := other.Candidate(t.Context(), in.Group, time.Now(), time.Hour, fine.ID); err == nil {
					t.Errorf("Candidate: %+v, want no record that makes no sense", got)
				} else {
					suite.WantError(t, "Candidate", err, s.want, registry.ErrNoCandidate)
				}
				got, err := other.Silent(t.Context(), in.Group, time.Now().Add(time.Hour), time.Minute)
				suite.WantError(t, "Silent", err, s.want)
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
				if _, err := b.Beat(t.Context(), in.ID, in.Status); err == nil { // its owner still counts it up
					if deleted, err := other.DeleteOrphan(t.Context(), in.ID, seen.Holder.Beat); deleted || err != nil {
						t.Fatalf("DeleteOrphan with the beat before the last: %v, %v; want false", deleted, err)
					}
					seen = view(t, other, in.Group)
				}
				if deleted, err := other.DeleteOrphan(t.Context(), in.ID, seen.Holder.Beat+1); deleted || err != nil {
					t.Errorf("DeleteOrphan with another beat: %v, %v; want false", deleted, err)
				}
				if deleted, err := other.DeleteOrphan(t.Context(), in.ID, seen.Holder.Beat); !deleted || err != nil {
					t.Errorf("DeleteOrphan with the beat of the view: %v, %v; want true", deleted, err)
				}
			})
		}
	})

	t.Run("NoBeatDeletesNoneThatHasOne", func(t *testing.T) {
		in, _ := lead(t, b)
		if deleted, err := other.DeleteOrphan(t.Context(), in.ID, registry.NoBeat); deleted || err != nil {
			t.Errorf("DeleteOrphan with NoBeat of a record that has a beat: %v, %v; want false", deleted, err)
		}
	})

	t.Run("UnreadableHidesNoSilentOne", func(t *testing.T) {
		good, _ := lead(t, b)
		bad := newInstance(t, good.Group)
		register(t, b, bad)
		store.Spoil(t, Record{ID: bad.ID}, "beat", "many")
		got, err := other.Silent(t.Context(), good.Group, time.Now().Add(time.Hour), time.Minute)
		suite.WantError(t, "Silent", err, registry.ErrCorrupt)
		if len(got) != 1 || got[0].ID != good.ID {
			t.Errorf("Silent: %v, want %v alone", got, good.ID)
		}
	})

	t.Run("BadNameHidesNoGroup", func(t *testing.T) {
		good, _ := lead(t, b)
		bad, _ := lead(t, b)
		store.Spoil(t, Record{ID: bad.ID}, "group", "a\x00b\x1b[31m")
		got, err := other.Groups(t.Context())
		suite.WantError(t, "Groups", err, registry.ErrCorrupt)
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
				suite.WantError(t, "Beat", err, s.want)
			})
		}
	})
}
