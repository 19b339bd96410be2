package registrytest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/internal/suite"
	"github.com/understudy-go/understudy/registry"
)

// writing are the calls that a handle that only reads refuses.
var writing = []string{"Register", "Beat", "Mark", "Unregister", "DeleteOrphan", "BeginTerm", "EndTerm", "RequestHandover"}

// look: a handle that was opened with registry.Look reads everything and writes nothing.
func look(t *testing.T, open func(t *testing.T) Store) {
	store := open(t)
	if store.Look == nil {
		t.Skip("the backend offers no handle with registry.Look")
	}
	owner := store.Open(t)
	in := newInstance(t, "g")
	register(t, owner, in)
	term := begin(t, owner, "g", 1, in.ID)
	before := view(t, owner, "g")

	b := store.Look(t)
	if diff := cmp.Diff(before, view(t, b, "g")); diff != "" {
		t.Errorf("View (- of the other handle, + of this one):\n%s", diff)
	}
	for _, c := range calls(t, b, in, term) {
		err := c.do(t.Context())
		if slices.Contains(writing, c.name) {
			suite.WantError(t, c.name, err, registry.ErrReadOnly)
		} else if err != nil && !errors.Is(err, registry.ErrNoWatch) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if diff := cmp.Diff(before, view(t, owner, "g")); diff != "" {
		t.Errorf("a handle with registry.Look changed something (- before, + after):\n%s", diff)
	}
}
