package heartbeat

import (
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// outage is what is known of requests that fail, and what was logged about them. It begins
// with the first request that fails, and lasts until none fails any more. Instants are
// local.
//
// The machine writes it when a request is answered.
type outage struct {
	failing    map[kind]time.Duration // when the latest request of a kind failed
	refused    bool                   // it was logged that the registry refuses something
	lease      bool                   // it was logged how long the lease lasts
	unreadable kind                   // it was logged that the answers to this kind cannot be read; empty: not
	err        error                  // why the latest request failed
}

// take takes note of how a request went, while work runs or not, and returns what to
// log. span is how long a kind that is not routine counts as failing. A fact
// about beats that fail while work runs comes with the lease, if that was not logged yet.
func (o *outage) take(k kind, err error, working bool, now, span time.Duration) (news []fact, withLease bool) {
	switch {
	case expected(err):
		if o.unreadable == k {
			o.unreadable = ""
		}
		return o.answers(k, now, span), false
	case registry.Unreadable(err):
		o.err = fmt.Errorf("%s: %w", k, err)
		news = o.answers(k, now, span)
		if o.unreadable == "" {
			o.unreadable = k
			news = append(news, factBadAnswer)
		}
		return news, false
	}
	o.err = fmt.Errorf("%s: %w", k, err)
	return o.fails(k, errors.Is(err, registry.ErrRefused), working, now)
}

// routine reports whether requests of a kind are made again and again. Only a success
// of their own kind shows that these work again. Nobody knows whether a request of any
// other kind would succeed now, so that kind counts as failing until no request of it has
// failed for a while.
func (k kind) routine() bool { return k == kindBeat || k == kindView || k == kindRegister }

// fails takes note of a request that failed or was refused.
func (o *outage) fails(k kind, refused, working bool, now time.Duration) (news []fact, withLease bool) {
	first := len(o.failing) == 0
	if first {
		o.failing = map[kind]time.Duration{}
	}
	o.failing[k] = now
	withLease = k == kindBeat && working && !o.lease
	o.lease = o.lease || withLease
	switch {
	case refused && (!o.refused || withLease):
		o.refused = true
		return []fact{factRefused}, withLease
	case !refused && (first || withLease):
		return []fact{factUnreachable}, withLease
	}
	return nil, false
}

// answers takes note of a request that was answered.
func (o *outage) answers(k kind, now, span time.Duration) (news []fact) {
	if len(o.failing) == 0 {
		return nil
	}
	delete(o.failing, k)
	for k, at := range o.failing {
		if !k.routine() && now-at >= span {
			delete(o.failing, k)
		}
	}
	if len(o.failing) > 0 {
		return nil
	}
	o.refused, o.lease = false, false
	return []fact{factReachable}
}

// expected reports whether an error is an answer that the protocol expects.
func expected(err error) bool {
	for _, e := range []error{registry.ErrNotRegistered, registry.ErrTermTaken, registry.ErrNoCandidate, registry.ErrNoClaimant} {
		if errors.Is(err, e) {
			return true
		}
	}
	return err == nil
}

// report logs how a request went, if that is news.
func (m *machine) report(k kind, err error) {
	news, withLease := m.outage.take(k, err, m.tenure.work.running, m.now, m.timing.Overdue()+m.timing.CallTimeout())
	for _, f := range news {
		n := note{fact: f}
		if f != factReachable {
			n.err = m.outage.err
		}
		if withLease {
			n.in = max(0, m.registration.lease-m.timing.StopGrace-m.now)
		}
		m.act(n)
	}
}
