package registrytest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// garbageTerms: a term that makes no sense is an error, and never skipped.
func garbageTerms(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)

	t.Run("LatestTermIsNeverSkipped", func(t *testing.T) {
		for _, s := range vitalOfTerm {
			t.Run(s.String(), func(t *testing.T) {
				in, term := lead(t, b)
				store.Spoil(t, Record{Group: in.Group, Term: 3}, s.field, s.value)
				check := func(when string) {
					t.Helper()
					v, err := other.View(t.Context(), in.Group)
					suite.WantError(t, when+": View", err, s.want)
					if v.Holder != nil || v.Latest != nil {
						t.Errorf("%s: View: %+v beside the error, want nothing", when, v)
					}
					_, err = other.Terms(t.Context(), in.Group, 10)
					suite.WantError(t, when+": Terms", err, s.want)
				}
				check("at first")
				if s.field != "number" {
					err := b.BeginTerm(t.Context(), term)
					suite.WantError(t, "BeginTerm", err, registry.ErrTermTaken)
				}
				if s.field == "endedAt" || s.field == "holder" {
					end(t, b, term, registry.End{Reason: registry.Stopped})
					check("after EndTerm")
				}
				if s.field == "endedAt" {
					err := b.RequestHandover(t.Context(), in.Group, 3, uuid.Nil)
					suite.WantError(t, "RequestHandover", err, registry.ErrNoTerm, registry.ErrCorrupt)
					check("after RequestHandover")
				}
			})
		}
	})

	t.Run("OldTermIsNotListedAsIfItWereGood", func(t *testing.T) {
		in, _ := lead(t, b)
		store.Spoil(t, Record{Group: in.Group, Term: 1}, "holder", "somebody")
		if got := latest(t, b, in.Group); got.Number != 3 {
			t.Errorf("the latest term is %d, want 3: the one that makes no sense is older", got.Number)
		}
		_, err := b.Terms(t.Context(), in.Group, 10)
		suite.WantError(t, "Terms", err, registry.ErrCorrupt)
	})
}
