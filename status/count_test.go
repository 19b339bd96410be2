package status

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestGroup_Count(t *testing.T) {
	const s = time.Second
	silent := 20 * s
	for _, tt := range []struct {
		name   string
		terms  []registry.Term
		age    time.Duration // of the beat of instance 1
		active bool
		want   Count
	}{
		{"active", []registry.Term{open(3, 1)}, s, true, Count{Active: 1, Passive: 2, HoldingOff: 1, Silent: 1}},
		{"active but silent", []registry.Term{open(3, 1)}, silent, true, Count{Passive: 2, HoldingOff: 1, Silent: 2}},
		{"not registered", []registry.Term{open(3, 9)}, s, false, Count{Passive: 3, HoldingOff: 1, Silent: 1}},
		{"term over", []registry.Term{over(3, 1, s, registry.Stopped)}, s, false, Count{Passive: 3, HoldingOff: 1, Silent: 1}},
	} {
		g := snapshot("g", tt.terms, []registry.Instance{
			instance(1, tt.age), instance(2, s), instance(3, s, holdingOff), instance(4, silent, holdingOff),
		}, now, nil)
		if got := g.Count(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if in, ok := g.Active(); ok != tt.active || ok && in.ID != id(1) {
			t.Errorf("%s: active is %v, %s", tt.name, ok, in.Host)
		}
	}
	if _, ok := (Group{}).Active(); ok {
		t.Error("an empty group has an active instance")
	}
}
