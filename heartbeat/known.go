package heartbeat

import (
	"fmt"

	"github.com/google/uuid"
)

// known is what people know already, so that each fact is told once.
type known struct {
	standingBy int64
	silent     bool
	vacant     bool
	failing    string // the lane whose calls do
	badView    bool
	exhausted  bool
	nobodyElse bool
	stuck      bool
	command    uuid.UUID
}

// failed says that a call did not succeed; people hear of it once.
func (m *machine) failed(c call, err error) {
	m.lastErr = fmt.Errorf("%s: %w", c.kind, err)
	if m.known.failing != "" {
		return
	}
	m.known.failing = c.lane()
	n := note{fact: factUnreachable, err: m.lastErr}
	if m.work.running {
		n.in = max(0, m.lease-m.timing.StopGrace-m.now)
	}
	m.act(n)
}

// reached says that a call did succeed, if people believe the contrary.
func (m *machine) reached(c call) {
	if m.known.failing == c.lane() {
		m.known.failing = ""
		m.act(note{fact: factReachable})
	}
}
