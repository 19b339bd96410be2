package status

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestGroup_TakingOverLastsMoments(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ended := func(ago time.Duration, why registry.Reason) []Term { return []Term{{To: at.Add(-ago), Reason: why}} }
	standby := []Instance{{Role: registry.Passive}}
	for _, tt := range []struct {
		name string
		g    Group
		want bool
	}{
		{"a term ended just now", Group{Terms: ended(time.Second, registry.Stopped), Instances: standby}, true},
		{"no passive instance", Group{Terms: ended(time.Second, registry.Stopped)}, false},
		{"just now by a clock that was set back a little", Group{Terms: ended(-time.Second, registry.Stopped), Instances: standby}, true},
		{"by a clock that was set back", Group{Terms: ended(-time.Hour, registry.Stopped), Instances: standby}, false},
		{"a while ago", Group{Terms: ended(2*time.Second, registry.Stopped), Instances: standby}, false},
		{"the work is done", Group{Terms: ended(time.Second, registry.WorkDone), Instances: standby}, false},
		{"the term is open", Group{Terms: []Term{{}}, Instances: standby}, false},
		{"no term yet", Group{Instances: standby}, false},
	} {
		tt.g.At = at
		if got := tt.g.TakingOver(); got != tt.want {
			t.Errorf("%s: taking over is %v, want %v", tt.name, got, tt.want)
		}
	}
}
