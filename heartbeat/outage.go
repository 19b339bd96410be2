package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// outage is what people were told of requests that fail, from the first that fails
// until none does. Instants are local.
type outage struct {
	failing map[kind]time.Duration // when the latest request of a kind failed
	refused bool                   // it was told that the registry refuses something
	lease   bool                   // it was told how long the lease lasts
}

// routine reports whether requests of a kind are made again and again. Only a success
// of their own kind shows that these work again. Whether any other would succeed now,
// nobody knows: its kind counts as failing until it has not failed for a while.
func (k kind) routine() bool { return k == kindBeat || k == kindView || k == kindRegister }

// fails takes note of a request that failed or was refused, while work runs or not.
// tell reports whether that is news; withLease whether to tell how long the lease
// lasts, since beats fail while work runs.
func (o *outage) fails(k kind, refused, working bool, now time.Duration) (tell, withLease bool) {
	outset := len(o.failing) == 0
	if outset {
		o.failing = map[kind]time.Duration{}
	}
	o.failing[k] = now
	withLease = k == kindBeat && working && !o.lease
	if refused {
		tell = !o.refused || withLease
		o.refused = o.refused || tell
	} else {
		tell = outset || withLease
	}
	o.lease = o.lease || withLease
	return tell, withLease
}

// answers takes note that a request was answered, and reports whether the outage is
// over with it. A kind that is not routine is forgotten once it has not failed for
// the given span.
func (o *outage) answers(k kind, now, span time.Duration) (over bool) {
	if len(o.failing) == 0 {
		return false
	}
	delete(o.failing, k)
	for k, at := range o.failing {
		if !k.routine() && now-at >= span {
			delete(o.failing, k)
		}
	}
	if len(o.failing) > 0 {
		return false
	}
	*o = outage{}
	return true
}

// expected reports whether an error is an answer that the protocol reckons with.
func expected(err error) bool {
	for _, e := range []error{registry.ErrNotRegistered, registry.ErrTermTaken, registry.ErrNoCandidate, registry.ErrNoClaimant} {
		if errors.Is(err, e) {
			return true
		}
	}
	return err == nil
}

// report tells people how a request went, if that is news.
func (m *machine) report(k kind, err error) {
	if !expected(err) {
		m.schedule.failed(fmt.Errorf("%s: %w", k, err))
	}
	switch {
	case expected(err):
		m.announced.isReadable(k)
		m.reportAnswer(k)
	case registry.Unreadable(err):
		m.reportAnswer(k)
		if m.announced.isUnreadable(k) {
			m.act(note{fact: factBadView, err: m.schedule.lastErr})
		}
	default:
		m.reportFailure(k, errors.Is(err, registry.ErrRefused))
	}
}

func (m *machine) reportAnswer(k kind) {
	if m.announced.outage.answers(k, m.now, m.timing.Overdue()+m.timing.CallTimeout()) {
		m.act(note{fact: factReachable})
	}
}

func (m *machine) reportFailure(k kind, refused bool) {
	tell, withLease := m.announced.outage.fails(k, refused, m.tenure.work.running, m.now)
	if !tell {
		return
	}
	n := note{fact: factUnreachable, err: m.schedule.lastErr}
	if refused {
		n.fact = factRefused
	}
	if withLease {
		n.in = max(0, m.registration.lease-m.timing.StopGrace-m.now)
	}
	m.act(n)
}
