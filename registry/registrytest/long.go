package registrytest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// long: a stored text may have any length. It is cut when it is read.
func long(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	text := strings.Repeat("ö", 1<<20)
	cut := registry.Clip(text)

	t.Run("TextsOfAnInstanceAreCut", func(t *testing.T) {
		in, _ := lead(t, b)
		want := *find(t, b, in.Group, in.ID)
		want.Host, want.Version, want.Command, want.Role = cut, cut, cut, registry.Role(cut)
		for _, field := range []string{"host", "version", "command", "role"} {
			store.Spoil(t, Record{ID: in.ID}, field, text)
		}
		if diff := cmp.Diff(&want, view(t, other, in.Group).Holder); diff != "" {
			t.Errorf("View (- want, + got):\n%s", diff)
		}
		if diff := cmp.Diff(&want, find(t, other, in.Group, in.ID)); diff != "" {
			t.Errorf("Instances (- want, + got):\n%s", diff)
		}
		if got, err := other.Candidate(t.Context(), in.Group, time.Now(), time.Hour); err != nil || got != want {
			t.Errorf("Candidate: %.300v, %v; want the texts cut", got, err)
		}
		if got, err := other.Silent(t.Context(), in.Group, time.Now().Add(time.Hour), time.Hour/2); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("Silent: %.300v, %v; want the texts cut", got, err)
		}
	})

	t.Run("TextsOfATermAreCut", func(t *testing.T) {
		in, term := lead(t, b)
		end(t, b, term, registry.End{Reason: registry.Stopped})
		want := latest(t, b, in.Group)
		want.Host, want.End.Reason = cut, registry.Reason(cut)
		for _, field := range []string{"host", "reason"} {
			store.Spoil(t, Record{Group: in.Group, Term: 3}, field, text)
		}
		if diff := cmp.Diff(want, latest(t, other, in.Group)); diff != "" {
			t.Errorf("View (- want, + got):\n%s", diff)
		}
		list, err := other.Terms(t.Context(), in.Group, 1)
		if err != nil || len(list) != 1 {
			t.Fatalf("Terms: %d of them, %v; want one", len(list), err)
		}
		if diff := cmp.Diff(want, list[0]); diff != "" {
			t.Errorf("Terms (- want, + got):\n%s", diff)
		}
	})

	t.Run("AnErrorQuotesNoLongText", func(t *testing.T) {
		in, _ := lead(t, b)
		store.Spoil(t, Record{ID: in.ID}, "beat", text)
		store.Spoil(t, Record{Group: in.Group, Term: 1}, "holder", text)
		_, _, err := other.Instances(t.Context(), in.Group)
		suite.WantError(t, "Instances", err, registry.ErrCorrupt)
		_, errTerms := other.Terms(t.Context(), in.Group, 3)
		suite.WantError(t, "Terms", errTerms, registry.ErrCorrupt)
		for _, err := range []error{err, errTerms, view(t, other, in.Group).Damage} {
			if err == nil || len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes, want 1000 at most: %.100v", len(err.Error()), err)
			}
		}
	})
}
