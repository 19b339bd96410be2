package heartbeat

import (
	"testing"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// The ticks that deadline asks for are those at which work of this process is told to
// stop, is killed, and loses its lease.
func TestMachine_WantsATickWhenTheWorkIsToldToStopAndWhenItIsKilled(t *testing.T) {
	timing := registry.DefaultTiming
	const short = 10 * time.Millisecond
	for _, tt := range []struct {
		what string
		set  func(m *machine, at time.Duration)
	}{
		{"told to stop", func(m *machine, at time.Duration) { m.registration.lease = at + timing.StopGrace }},
		{"the end of its lease", func(m *machine, at time.Duration) {
			m.registration.lease, m.tenure.work.stopping, m.tenure.work.killAt = at, true, at+time.Hour
		}},
		{"killed", func(m *machine, at time.Duration) { m.tenure.work.stopping, m.tenure.work.killAt = true, at }},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := newActive(t, timing)
			m := p.m
			// Nothing else is due.
			m.registration.nextBeat, m.schedule.reading, m.schedule.election.next, m.schedule.background.next = 0, reading{}, 0, 0
			m.schedule.cleaning = budget{}
			tt.set(m, m.now+short)
			if got := m.deadline(); got != m.now+short {
				t.Errorf("a tick after %v, want %v", got-m.now, short)
			}
		})
	}
}
