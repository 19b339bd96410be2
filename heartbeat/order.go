package heartbeat

import "github.com/understudy-go/understudy/registry"

// leaveOnOrder takes the order to leave, from somebody who waits until this process has
// gone. Work that runs is drained first, unless it has to stop at once.
func (m *machine) leaveOnOrder(immediate bool) {
	if immediate {
		then := m.cutDrain()
		m.stop(ErrStopped, true)
		m.follow(then)
	} else if m.drains(factDrainingToLeave) {
		m.drain.thenLeave()
		return
	}
	m.leaveHurried()
}

// leaveHurried leaves, while somebody waits until this process has gone.
func (m *machine) leaveHurried() {
	m.leave(nil)
	m.departure.hurry(m.now, releaseTime(m.timing))
}

// handOverOnOrder follows a request to hand over. Work that runs is drained first. From
// then on this instance steps down whatever becomes of the request or of its target,
// because the work may have ceased to start anything new.
func (m *machine) handOverOnOrder() {
	switch {
	case m.tenure.work.stopping:
	case m.drains(factDrainingToHandOver):
		m.drain.thenHandOver()
	default:
		m.handOver()
	}
}

// handOver steps down for a peer.
func (m *machine) handOver() {
	m.act(note{fact: factHandover, term: m.tenure.work.term.Number})
	m.resign(registry.HandedOver, ErrHandedOver)
}

// drains reports whether the work is being drained, and begins that if the work runs. Two
// orders share one drain.
func (m *machine) drains(because fact) bool {
	w := &m.tenure.work
	if m.drain.on || !m.drainable || m.phase != member || !w.running || w.stopping {
		return m.drain.on
	}
	m.act(note{fact: because, term: w.term.Number})
	m.act(startDrain{m.drain.begin()})
	m.registration.beatAtOnce(m.now) // so that the record shows it
	return true
}

// drained goes on with the orders that have waited for the drain.
func (m *machine) drained(e drained) {
	if m.drain.is(e.number) {
		m.follow(m.cutDrain())
	}
}

// cutDrain ends the drain, if there is one, and returns the orders that have waited for
// it. It comes before anything that stops the work, and after the work is gone.
func (m *machine) cutDrain() orders {
	if m.drain.on {
		m.act(endDrain{})
	}
	return m.drain.end()
}

// follow carries out orders that wait for no drain any more.
func (m *machine) follow(o orders) {
	if o.handover {
		m.handOver()
	}
	if o.leave {
		m.leaveHurried()
	}
}
