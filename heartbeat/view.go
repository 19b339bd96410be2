package heartbeat

import (
	"github.com/understudy-go/understudy/registry"
)

// viewed takes a view, acts on what it calls for, and says when to look again.
func (m *machine) viewed(a answer) {
	if m.phase != member {
		return
	}
	m.nextView = a.call.sent + m.timing.Interval
	if a.err != nil {
		if !registry.Unreadable(a.err) { // else the next look may come at its time
			m.later(a.call)
		}
		return
	}
	beats := m.look(a.view)
	m.tellUnseen(a)
	d := decide(m.position(), a.view, m.now)
	m.follow(d, a.view)
	if t := a.view.Latest; t != nil && t.Handover != nil && t.Holder == m.id && d.verdict != start {
		m.judged = m.judged.judge(t.Handover.At, m.now, m.clockAt)
	}
	if m.watching && beats && !m.vacancy.found {
		m.nextView = a.call.sent + m.holder.promise.Slack()
	}
	at := m.holder.orphanAt()
	if m.vacancy.found {
		at = m.competeAt()
	}
	if at > m.now {
		m.nextView = min(m.nextView, at)
	}
}

// look notes what a view shows and reports whether the holder beats.
func (m *machine) look(v registry.View) (beats bool) {
	number := v.Number()
	if number < m.highest { // the past: nothing to learn from
		if m.past == 0 {
			m.past = m.now
		}
		return false
	}
	m.seen, m.highest, m.past = m.highest, number, 0
	vacant := v.Latest == nil || !v.Latest.Open()
	if t := v.Latest; t != nil {
		beats = m.lookAt(v)
		vacant = vacant || t.Holder != m.id && (m.now >= m.holder.orphanAt() || t.Holder == m.deposed.id)
		if t.Holder != m.id && t.Number > m.resigned {
			m.off = m.off.newerTerm()
		}
		if t.Number >= m.duty.number && t.Holder != m.id && !m.duty.due && m.work.term.Number == 0 {
			m.duty.number = 0 // what I tried to begin is another's
		}
	}
	switch {
	case !vacant:
		m.overtaken(vacancy{})
	case !m.vacancy.found || m.vacancy.last.Number() != number:
		m.overtaken(vacancy{found: true, last: v, since: m.now})
	}
	return beats
}

// lookAt notes the holder of the latest term and tells people about it.
func (m *machine) lookAt(v registry.View) (beats bool) {
	before, t, holder := m.holder, *v.Latest, v.Holder
	if holder != nil {
		m.holder = sight(before, *holder, &t, m.clock, m.timing, m.now)
	} else {
		m.holder = sightMissing(before, t, m.timing, m.now)
	}
	if !t.Open() || t.Holder == m.id {
		return m.holder != before
	}
	m.sawOpen = t.Number
	if m.known.standingBy != t.Number && (m.known.standingByAt == 0 || m.now-m.known.standingByAt >= m.timing.Interval) {
		m.known.standingBy, m.known.silent, m.known.vacant = t.Number, false, false
		m.known.standingByAt = m.now
		m.act(note{fact: factStandingBy, term: t.Number, holder: t.Holder, host: t.Host})
	}
	if holder != nil && v.Damage == nil && holder.Command != m.self.Command && m.known.command != holder.ID {
		m.known.command = holder.ID
		m.act(note{fact: factOtherCommand, term: t.Number, holder: t.Holder, host: t.Host})
	}
	silence := m.now - m.holder.since
	switch {
	case m.holder != before && m.known.silent && holder != nil:
		m.known.silent = false
		m.act(note{fact: factBeatsAgain, term: t.Number, holder: t.Holder, host: t.Host})
	case !m.known.silent && silence >= m.holder.silence/5:
		m.known.silent = true
		m.act(note{fact: factSilent, term: t.Number, holder: t.Holder, host: t.Host,
			lasts: silence, in: max(0, m.holder.orphanAt()-m.now)})
	}
	return m.holder != before
}

func (m *machine) position() position {
	return position{
		id: m.id, timing: m.timing, lease: m.lease, clock: m.registryNow(),
		term: m.work.term.Number, begun: m.duty.number, judged: m.judged.settled(), resigned: m.resigned, sawOpen: m.sawOpen, highest: m.highest, seen: m.seen, joined: m.joined,
		past: m.past, holdingOff: m.holdsOff(), deposed: m.deposed.id,
		orphanAt: m.holder.orphanAt(), competeAt: m.competeAt(), asked: m.vacancy.asked,
	}
}

// follow acts on a decision.
func (m *machine) follow(d decision, v registry.View) {
	switch d.verdict {
	case ask:
		m.tellVacant(v)
		m.aside.then = m.lookForSenior(v)
	case promote:
		m.tellVacant(v)
		m.promote(v.Latest)
	case depose:
		m.depose(v)
	case start:
		m.begin(*v.Latest)
	case stepDown:
		if !m.work.stopping {
			m.act(note{fact: factHandover, term: m.work.term.Number})
			m.resign(registry.HandedOver, ErrHandedOver)
		}
	case reEnd:
		if !m.duty.due {
			m.duty = duty{number: v.Latest.Number, due: true, since: m.resignedAt, end: registry.End{Reason: registry.Stopped}}
			m.pause(0)
		}
	case kill:
		if d.fact == factTermsLost { // believe it, but under a UUID that holds nothing
			m.highest, m.past, m.resigned, m.sawOpen = unseen, 0, 0, 0
		}
		if d.fact == factUnasked { // peers wait T for its holder, who is gone then: nothing tells for how long the one before works on
			m.act(note{fact: d.fact, term: v.Latest.Number})
			d.fact = ""
		}
		m.retire(d.fact, registry.Orphaned, ErrTermOver, true)
	case quit:
		m.act(note{fact: factPeerDone, term: v.Latest.Number, holder: v.Latest.Holder, host: v.Latest.Host})
		m.leave(&WorkDoneError{Term: v.Latest.Number, Holder: v.Latest.Holder, ExitCode: v.Latest.End.ExitCode})
	}
}
