package registrytest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// groups: names that resemble each other are kept apart, and listed.
func groups(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	b, other := store.Open(t), store.Open(t)
	if list, err := b.Groups(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("Groups of a new store: %q, %v; want none", list, err)
	}

	// The names contain, resemble and extend each other. They are in the order of their
	// bytes.
	names := []string{"-", ".", "/", "1", "10", "@", "A", "_", "a", "a-b", "a.b", "a/b", "a:1", "a:1:a", "a@", "aa", "b", strings.Repeat("x", 99), strings.Repeat("x", 100)}
	holders := map[string]uuid.UUID{}
	for i, name := range names {
		in := newInstance(t, name)
		in.Priority = i
		register(t, b, in)
		holders[name] = in.ID
		for n := range int64(i%3) + 1 {
			begin(t, b, name, n+1, in.ID)
		}
	}
	for i, name := range names {
		v := view(t, other, name)
		if v.Latest == nil || v.Latest.Group != name || v.Latest.Number != int64(i%3)+1 || v.Holder == nil || v.Holder.ID != holders[name] {
			t.Errorf("View(%q): %+v, want term %d of %v", name, v, i%3+1, holders[name])
		}
		list, _, err := other.Instances(t.Context(), name)
		if err != nil || len(list) != 1 || list[0].ID != holders[name] {
			t.Errorf("Instances(%q): %v, %v; want %v alone", name, list, err, holders[name])
		}
		if in, err := other.Candidate(t.Context(), name, time.Now(), time.Hour); err != nil || in.ID != holders[name] {
			t.Errorf("Candidate(%q): %v, %v; want %v", name, in.ID, err, holders[name])
		}
		if list, err := other.Terms(t.Context(), name, 10); err != nil || len(list) != i%3+1 {
			t.Errorf("Terms(%q): %v, %v; want %d of them", name, list, err, i%3+1)
		}
	}

	// One group has an instance and no term, the other a term and no instance.
	register(t, b, newInstance(t, "y"))
	begin(t, b, "z", 1, newID(t))
	got, err := other.Groups(t.Context())
	if diff := cmp.Diff(append(names, "y", "z"), got); err != nil || diff != "" {
		t.Errorf("Groups: %v (- want, + got):\n%s", err, diff)
	}
}
