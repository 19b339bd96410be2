package heartbeat

import (
	"time"

	"github.com/understudy-go/understudy/registry"
)

// viewed takes the answer to a view, does what it calls for, and says when to read the
// group again.
func (m *machine) viewed(a answer) {
	if m.phase != member {
		return
	}
	reading := &m.schedule.reading
	reading.at(a.request.sent + m.timing.Interval)
	if a.err != nil {
		return
	}
	current := m.observe(a.view, m.now)
	m.reportUnseen(a)
	d := decide(m.situation(), a.view, m.now)
	if a.request.sent < reading.since {
		m.callOff()
		d = d.withoutTerm()
	}
	m.obey(d, a.view)
	if t := a.view.Latest; t != nil && t.Handover != nil && t.Holder == m.registration.id && d.verdict != start && d.verdict != notify {
		m.tenure.consider(t.Handover.At, m.now, m.registration.clockAt)
	}
	pending := m.tenure.held.number > 0 && !m.tenure.active()
	if (reading.watching || !m.listens()) && current && !m.vacancy.found && !pending {
		reading.at(a.request.sent + m.observations.holder.promise.Slack())
	}
	if d.verdict == notify {
		reading.by(m.tenure.handover.seen + noticeTime(m.timing))
	}
	next := m.observations.holder.orphanAt()
	switch {
	case m.vacancy.found:
		next = m.vacancy.competeAt(m.registration.id, m.timing.Interval)
	case !m.listens(): // another acts before this instance, and may see the orphan a little later
		orphan := next
		next += (m.timing.Interval + partOf(m.timing.Interval, m.registration.id)) / 2
		if orphan > m.now && reading.next >= orphan {
			reading.at(next)
		}
	}
	if next > m.now {
		reading.by(next)
	}
}

// situation returns what decide uses besides a view.
func (m *machine) situation() situation {
	return situation{m.timing, m.registration, m.tenure, m.observations, m.vacancy, m.successor.id}
}

// observe notes what a view shows, received at now, and reports whether it is no older than
// the one before.
func (m *machine) observe(v registry.View, now time.Duration) (current bool) {
	if m.observations.see(v.Number(), now) {
		// Either this view is old, or terms are lost, and what was seen before does not hold
		// any more. So a takeover does not go on until a view shows the vacancy again.
		m.callOff()
		return false
	}
	vacant := v.Latest == nil || !v.Latest.Open()
	switch t := v.Latest; {
	case t == nil:
	case t.Holder == m.registration.id:
		m.observations.holdIt(t.Holder, m.registration.clock, m.timing, now)
	default:
		beats := m.observations.observeHolder(v, m.registration.registryTime(now), m.timing, now)
		m.observePeer(v, beats, now)
		vacant = vacant || m.observations.holderGone(t.Holder, now)
	}
	switch {
	case !vacant:
		m.callOff()
	case !m.vacancy.is(v.Number()):
		m.vacancy.begin(v, now)
		m.schedule.dropTakeover()
	}
	return true
}

// observePeer notes that the latest term is a peer's, and logs how the peer is while the
// term is open.
func (m *machine) observePeer(v registry.View, beats bool, now time.Duration) {
	t := v.Latest
	m.tenure.peerTookOver(t.Number)
	m.tenure.lost(t.Number)
	if !t.Open() {
		return
	}
	m.observations.peerHolds(t.Number)
	about := note{term: t.Number, holder: t.Holder, host: t.Host}
	tell := func(f fact) {
		about.fact = f
		m.act(about)
	}
	if m.announced.standsBy(t.Number, now, m.timing.Interval) {
		tell(factStandingBy)
	}
	if in := v.Holder; in != nil && v.Damage == nil && in.Command != m.self.Command && m.announced.hasOtherCommand(in.ID) {
		tell(factOtherCommand)
	}
	holder := &m.observations.holder
	if beats && v.Holder != nil && m.announced.beatsAgain() {
		tell(factBeatsAgain)
	} else if silence := now - holder.since; silence >= holder.silence/5 && m.announced.isSilent() {
		about.lasts, about.in = silence, max(0, holder.orphanAt()-now)
		tell(factSilent)
	}
}

// obey does what a decision calls for.
func (m *machine) obey(d decision, v registry.View) {
	switch d.verdict {
	case ask:
		m.reportVacant(v)
		if b := &m.schedule.background; b.busy.informsNext() || b.busy.search == forPlace {
			b.drop() // the takeover does not wait for it
		}
		m.schedule.background.want(m.searchSenior(v))
	case promote:
		m.reportVacant(v)
		m.promote(v.Latest)
	case depose:
		m.depose(v)
	case start:
		m.begin(*v.Latest)
	case stepDown:
		m.tenure.handTo(v.Latest.Handover.To)
		m.handOverOnOrder()
	case notify:
		if m.tenure.noticed(*v.Latest.Handover, m.now) {
			m.successor.want(v.Latest.Handover.To)
		}
	case reEnd:
		if !m.tenure.held.due {
			m.tenure.endAgain(v.Latest.Number)
			m.pause(0)
		}
	case kill:
		if d.fact == factTermsLost { // go on with the terms that are left, under a new UUID
			m.observations.forgetTerms()
			m.tenure.forgetTerms()
		}
		if d.fact == factNotAsked {
			// The term is left open. Peers wait T for its holder, which is gone by then.
			// Nothing else shows how long the previous holder may work on.
			m.act(note{fact: d.fact, term: v.Latest.Number})
			d.fact = ""
		}
		m.retire(d.fact, registry.Orphaned, ErrTermOver, true)
	case quit:
		if m.tenure.active() {
			m.retire(d.fact, registry.Orphaned, ErrTermOver, true)
		}
		m.act(note{fact: factPeerDone, term: v.Latest.Number, holder: v.Latest.Holder, host: v.Latest.Host})
		m.leave(&WorkDoneError{Term: v.Latest.Number, Holder: v.Latest.Holder, ExitCode: v.Latest.End.ExitCode})
	}
}
