package heartbeat

import (
	"fmt"
	"testing"

	"github.com/understudy-go/understudy/registry"
)

// A failure that should delay the next request and does not makes the machine spin.
func TestAnswer_FailureDelaysTheNextRequest(t *testing.T) {
	unreadable := fmt.Errorf("x: %w", registry.ErrCorrupt)
	for _, r := range append(background, foreground...) {
		if (answer{request: r}).delaysNext() {
			t.Errorf("%s: success delays the next", r.kind)
		}
		want := r.kind != kindCandidate && !(r.kind == kindUnregister && !r.past)
		if got := (answer{request: r, err: errNetwork}).delaysNext(); got != want {
			t.Errorf("%s (of the past: %v): a failure delays the next: %v", r.kind, r.past, got)
		}
		want = want && r.kind != kindView && r.kind != kindSilent
		if got := (answer{request: r, err: unreadable}).delaysNext(); got != want {
			t.Errorf("%s (of the past: %v): an answer that cannot be read delays the next: %v", r.kind, r.past, got)
		}
	}
	for k, err := range map[kind]error{kindClaimant: registry.ErrNoClaimant, kindBeginTerm: registry.ErrTermTaken} {
		if (answer{request: request{kind: k}, err: err}).delaysNext() {
			t.Errorf("%s: %v delays the next", k, err)
		}
	}
}
