package heartbeat

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// known is what people know already, so that each fact is told once.
type known struct {
	standingBy int64
	silent     bool
	vacant     bool
	failing    kind // the calls that fail
	unreadable kind // the calls whose answers cannot be read
	exhausted  bool
	nobodyElse bool
	stuck      bool
	command    uuid.UUID
}

// failed says that a call did not succeed; people hear of it once.
func (m *machine) failed(c call, err error) {
	m.lastErr = fmt.Errorf("%s: %w", c.kind, err)
	if registry.Unreadable(err) {
		m.answers(c)
		if m.known.unreadable == "" {
			m.known.unreadable = c.kind
			m.act(note{fact: factBadView, err: m.lastErr})
		}
		return
	}
	if m.known.failing != "" {
		return
	}
	m.known.failing = c.kind
	n := note{fact: factUnreachable, err: m.lastErr}
	if m.work.running {
		n.in = max(0, m.lease-m.timing.StopGrace-m.now)
	}
	m.act(n)
}

// reached says that a call did succeed, if people believe the contrary.
func (m *machine) reached(c call) {
	m.answers(c)
	if m.known.unreadable == c.kind {
		m.known.unreadable = ""
	}
}

// answers says that the registry does, if people believe the contrary.
func (m *machine) answers(c call) {
	if m.known.failing == c.kind {
		m.known.failing = ""
		m.act(note{fact: factReachable})
	}
}
