package worker

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

func TestNewCommand_UsesTheDefaultTiming(t *testing.T) {
	c, err := NewCommand(Spec{Path: "/bin/true"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.spec.Timing != registry.DefaultTiming {
		t.Errorf("timing %+v, want %+v", c.spec.Timing, registry.DefaultTiming)
	}
}

func TestNewCommand_RefusesAWrongSpec(t *testing.T) {
	for name, spec := range map[string]Spec{
		"no path":           {},
		"incomplete timing": {Path: "/bin/true", Timing: registry.Timing{OrphanAfter: time.Minute}},
		"restart":           {Path: "/bin/true", Restart: "sometimes"},
		"NUL in argument":   {Path: "/bin/true", Args: []string{"true", "a\x00b"}},
	} {
		if _, err := NewCommand(spec); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
