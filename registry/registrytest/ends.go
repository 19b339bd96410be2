package registrytest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/registry"
)

// ends: what is stored with the end of a term.
func ends(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	t.Run("TheSilenceOfADeposedHolderIsStored", func(t *testing.T) {
		for i, silence := range []time.Duration{0, time.Millisecond, 61*time.Second + 234*time.Millisecond, 30 * time.Hour} {
			group := fmt.Sprint("silence", i)
			term := begin(t, b, group, 1, newID(t))
			want := registry.End{Reason: registry.Orphaned, Silence: silence}
			end(t, b, term, want)
			if diff := cmp.Diff(want, latest(t, other, group).End); diff != "" {
				t.Errorf("the end (- want, + got):\n%s", diff)
			}
			list, err := other.Terms(t.Context(), group, 1)
			if err != nil || len(list) != 1 || list[0].End != want {
				t.Errorf("Terms: %+v, %v; want the end %+v", list, err, want)
			}
		}
	})

	t.Run("ASilenceThatMakesNoSenseIsUnknown", func(t *testing.T) {
		for _, value := range []any{nil, "garbage", []byte{1, 2}, 2.5, int64(-5), int64(math.MaxInt64)} {
			t.Run(spoilt{field: "silence", value: value}.String(), func(t *testing.T) {
				in, term := lead(t, b)
				end(t, b, term, registry.End{Reason: registry.Orphaned, Silence: time.Minute})
				store.Spoil(t, Record{Group: in.Group, Term: 3}, "silence", value)
				want := registry.End{Reason: registry.Orphaned}
				if diff := cmp.Diff(want, latest(t, other, in.Group).End); diff != "" {
					t.Errorf("the end (- want, + got):\n%s", diff)
				}
			})
		}
	})
}
