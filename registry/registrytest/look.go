package registrytest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/registry"
)

var writing = []string{"Register", "Beat", "Unregister", "DeleteOrphan", "BeginTerm", "EndTerm", "RequestHandover"}

// look: who only looks sees all and changes nothing.
func look(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	if store.Look == nil {
		t.Skip("a handle that only looks is not offered")
	}
	owner := store.Open(t)
	in := newInstance(t, "g")
	register(t, owner, in)
	term := begin(t, owner, "g", 1, in.ID)
	before := view(t, owner, "g")

	b := store.Look(t)
	if diff := cmp.Diff(before, view(t, b, "g")); diff != "" {
		t.Errorf("View (- owner, + looker):\n%s", diff)
	}
	for _, c := range calls(t, b, in, term) {
		err := c.do(t.Context())
		if slices.Contains(writing, c.name) {
			wantError(t, c.name, err, registry.ErrReadOnly)
		} else if err != nil && !errors.Is(err, registry.ErrNoWatch) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if diff := cmp.Diff(before, view(t, owner, "g")); diff != "" {
		t.Errorf("something was written (- before, + after):\n%s", diff)
	}
}
