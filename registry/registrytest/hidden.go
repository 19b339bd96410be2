package registrytest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// hidden: records that cannot be read hide no others.
func hidden(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	t.Run("AnUnreadableTermHidesNoOther", func(t *testing.T) {
		for _, s := range []spoilt{
			{"holder", "somebody", registry.ErrCorrupt},
			{"startedAt", nil, registry.ErrCorrupt},
			{"schema", int64(registry.Schema + 1), registry.ErrSchema},
			{"number", int64(-4), registry.ErrCorrupt},
			{"number", 0.5, registry.ErrCorrupt},
			{"number", "one", registry.ErrCorrupt}, // such a number is above the latest
		} {
			t.Run(s.String(), func(t *testing.T) {
				in, _ := lead(t, b)
				store.Spoil(t, Record{Group: in.Group, Term: 1}, s.field, s.value)
				for _, n := range []int{2, 3, 100} {
					list, err := other.Terms(t.Context(), in.Group, n)
					var got []int64
					for _, term := range list {
						got = append(got, term.Number)
					}
					if !slices.Equal(got, []int64{3, 2}) {
						t.Errorf("Terms(%d): %v, want 3 and 2, which can be read", n, got)
					}
					if n > 2 || err != nil {
						suite.WantError(t, "Terms", err, s.want)
					}
				}
			})
		}
	})

	// They are more than a backend would exclude one by one.
	t.Run("UnreadableInstancesHideNoOther", func(t *testing.T) {
		const group = "hidden"
		join := func(priority int, term int64) uuid.UUID {
			in := newInstance(t, group)
			in.Priority = priority
			register(t, b, in)
			beat(t, b, in.ID, registry.Status{Role: registry.Active, Term: term, Candidate: true})
			return in.ID
		}
		for range 12 {
			store.Spoil(t, Record{ID: join(9, 9)}, "beat", "many")
		}
		want := join(1, 3)
		if in, err := other.Candidate(t.Context(), group, time.Now(), time.Hour); err != nil || in.ID != want {
			t.Errorf("Candidate: %v, %v; want %v", in.ID, err, want)
		}
		if in, err := other.Claimant(t.Context(), group, 2); err != nil || in.ID != want {
			t.Errorf("Claimant: %v, %v; want %v", in.ID, err, want)
		}
		if in, err := other.Claimant(t.Context(), group, 3); !errors.Is(err, registry.ErrNoClaimant) {
			t.Errorf("Claimant above all terms that can be read: %v, %v; want ErrNoClaimant", in.ID, err)
		}
		list, err := other.Silent(t.Context(), group, time.Now().Add(time.Hour), time.Minute)
		suite.WantError(t, "Silent", err, registry.ErrCorrupt)
		if len(list) != 1 || list[0].ID != want {
			t.Errorf("Silent: %v, want %v alone", list, want)
		}
	})
}
