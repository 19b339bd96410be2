package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// known is what people know already, so that each fact is told once.
type known struct {
	standingBy   int64
	standingByAt time.Duration // when it was told
	silent       bool
	vacant       bool
	unreadable   kind // the calls whose answers cannot be read
	exhausted    bool
	unseen       int64 // the term that was taken, and is not to be seen
	claimant     uuid.UUID
	nobodyElse   bool
	stuck        bool
	command      uuid.UUID
	outage       outage
}

// outage is what people know of calls that fail, from the first that failed until
// none does.
type outage struct {
	failing map[kind]time.Duration // when the latest call of a kind failed
	refused bool                   // it was told that the registry refuses something
	lease   bool                   // it was told how long the lease lasts
}

// routine are the kinds of calls that are made again and again: only a success of
// their own kind says that they work again. Whether a rare one would succeed now,
// nobody knows: it counts as failing until it has not failed for a while.
func (k kind) routine() bool { return k == callBeat || k == callView || k == callRegister }

// meant reports whether an error is an answer that the protocol reckons with.
func meant(err error) bool {
	for _, e := range []error{registry.ErrNotRegistered, registry.ErrTermTaken, registry.ErrNoCandidate, registry.ErrNoClaimant} {
		if errors.Is(err, e) {
			return true
		}
	}
	return err == nil
}

// outcome takes note of how a call went, for people.
func (m *machine) outcome(c call, err error) {
	switch {
	case meant(err):
		if m.known.unreadable == c.kind {
			m.known.unreadable = ""
		}
		m.answers(c.kind)
	case registry.Unreadable(err):
		m.lastErr = fmt.Errorf("%s: %w", c.kind, err)
		m.answers(c.kind)
		if m.known.unreadable == "" {
			m.known.unreadable = c.kind
			m.act(note{fact: factBadView, err: m.lastErr})
		}
	default:
		m.lastErr = fmt.Errorf("%s: %w", c.kind, err)
		m.fails(c.kind, errors.Is(err, registry.ErrRefused))
	}
}

// fails tells once of an outage, of a refusal, and of how long the lease lasts.
func (m *machine) fails(k kind, refused bool) {
	o := &m.known.outage
	first := len(o.failing) == 0
	if first {
		o.failing = map[kind]time.Duration{}
	}
	o.failing[k] = m.now
	n := note{fact: factUnreachable, err: m.lastErr}
	lease := k == callBeat && m.work.running && !o.lease
	switch {
	case refused && (!o.refused || lease):
		n.fact, o.refused = factRefused, true
	case !refused && (first || lease):
	default:
		return
	}
	if lease {
		o.lease = true
		n.in = max(0, m.lease-m.timing.StopGrace-m.now)
	}
	m.act(n)
}

// answers takes note that a call was answered, and tells so if no other fails.
func (m *machine) answers(k kind) {
	o := &m.known.outage
	if len(o.failing) == 0 {
		return
	}
	delete(o.failing, k)
	for k, at := range o.failing {
		if !k.routine() && m.now-at >= m.timing.Overdue()+m.timing.CallTimeout() {
			delete(o.failing, k)
		}
	}
	if len(o.failing) == 0 {
		m.known.outage = outage{}
		m.act(note{fact: factReachable})
	}
}
