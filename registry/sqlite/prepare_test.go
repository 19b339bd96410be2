package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/understudy-go/understudy/registry"
)

func TestBeat_PreparesATakeoverOfAPassiveInstance(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "registry.db"))
	in := join(t, r, "g")
	if _, err := r.View(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Beat(t.Context(), in.ID, registry.Status{Role: registry.Passive, Candidate: true}); err != nil {
			t.Fatal(err)
		}
	}
	before := prepared(t, r)
	if terms, err := r.Terms(t.Context(), "", 1); err != nil || len(terms) != 0 {
		t.Errorf("the preparation left the terms %v (%v)", terms, err)
	}
	known := prepared(t, r) // that of Terms as well

	if _, err := r.Candidate(t.Context(), "g", time.Now(), time.Hour); err != nil {
		t.Error(err)
	}
	_, _ = r.Claimant(t.Context(), "g", 0)
	beginTerm(t, r, 1, in)
	if err := r.EndTerm(t.Context(), "g", 1, in.ID, registry.End{Reason: registry.Stopped}); err != nil {
		t.Error(err)
	}
	if err := r.Unregister(t.Context(), in.ID); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(known, prepared(t, r)); diff != "" {
		t.Errorf("a takeover prepared statements itself (-before +after):\n%s", diff)
	}
	if len(before) < 10 {
		t.Errorf("%d statements were prepared", len(before))
	}
}
