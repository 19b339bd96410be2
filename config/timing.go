package config

import (
	"math"

	"github.com/understudy-go/understudy/registry"
)

// timing checks the three durations that an instance promises its peers, each by itself
// and then all together.
func (s settings) timing(m *mistakes) registry.Timing {
	var t registry.Timing
	var okI, okT, okG bool
	t.Interval, okI = duration(m, EnvInterval, s.HeartbeatInterval, registry.MinInterval, registry.MaxInterval)
	t.OrphanAfter, okT = duration(m, EnvOrphanAfter, s.OrphanAfter, math.MinInt64, registry.MaxOrphanAfter) // its minimum depends on the others
	t.StopGrace, okG = duration(m, EnvStopGrace, s.StopGrace, registry.MinStopGrace, registry.MaxStopGrace)
	if !okI || !okG {
		// Without both of the others it can still be too short for any of them.
		least := registry.Timing{Interval: registry.MinInterval, StopGrace: registry.MinStopGrace}.SmallestOrphanAfter()
		if okT && t.OrphanAfter < least {
			m.add(EnvOrphanAfter, s.OrphanAfter, "want %v or more, depending on %s and %s", least, EnvInterval, EnvStopGrace)
		}
	}
	if !okI || !okT || !okG {
		return t
	}
	if t.Check() != nil { // each one was checked by itself before
		m.note("%s=%v is too short for %s=%v and %s=%v: want %v or more, so that the stop grace, a margin for the clocks and three late beats fit into it",
			EnvOrphanAfter, t.OrphanAfter, EnvInterval, t.Interval, EnvStopGrace, t.StopGrace, t.SmallestOrphanAfter())
	}
	return t
}
