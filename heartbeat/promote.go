package heartbeat

import (
	"errors"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// candidate returns the request for the senior of all candidates except some.
func (m *machine) candidate(except ...uuid.UUID) *request {
	r := &request{kind: kindCandidate, except: except}
	r.time, r.within = m.registration.recently(m.now, m.timing.Interval)
	return r
}

// searchSenior returns the request for who should take over after a view's latest term.
func (m *machine) searchSenior(v registry.View) *request {
	if v.Latest == nil {
		return m.candidate()
	}
	r := m.candidate(v.Latest.Holder)
	r.number = v.Number()
	return r
}

// candidateFound takes the answer to a search for a candidate.
func (m *machine) candidateFound(a answer) {
	switch search := a.request.search; {
	case search == forSuccessor:
		m.successorFound(a)
	case search == forPlace:
		m.placeFound(a)
	case m.phase != member:
	case search == forPeer:
		m.peerFound(a)
	case m.vacancy.is(a.request.number):
		m.seniorFound(a)
	}
}

// seniorFound takes over if this instance is the senior. Without a senior, it competes at
// its time.
func (m *machine) seniorFound(a answer) {
	m.vacancy.seniorAsked()
	if a.err != nil || a.senior != m.registration.id {
		return
	}
	v := m.vacancy.last
	if takeOverFrom(v, m.observations.deposed.id) == depose {
		m.depose(v)
	} else {
		m.promote(v.Latest)
	}
}

// callOff ends a takeover, if there is one: it begins again once a view shows a vacancy.
func (m *machine) callOff() {
	m.vacancy.end()
	m.schedule.dropTakeover()
}

// takeOver sends the next request of a takeover, if the lease still allows it.
func (m *machine) takeOver(r request) {
	if !m.registration.mayAct(m.now, m.timing.StopGrace) {
		return
	}
	if r.kind == kindBeginTerm {
		m.tenure.ask(r.term.Number, m.observations.holder.id)
	}
	m.send(r)
}

// depose deletes the holder's record, if its beat is still the one that stood still.
func (m *machine) depose(v registry.View) {
	m.tenure.orphaned(v.Latest)
	m.schedule.election.want(&request{kind: kindDeleteOrphan, id: v.Holder.ID, beat: v.Holder.Beat, number: v.Latest.Number})
}

// orphanDeleted takes the answer to the deletion of an orphan.
func (m *machine) orphanDeleted(a answer) {
	number := a.request.number
	switch {
	case a.err != nil:
		if number == 0 {
			m.backlog.deleteOrphans(nil)
		}
	case number == 0 && a.deleted:
		m.swept(a.request.id)
	case number != 0 && m.phase == member:
		m.schedule.reading.changed()
		orphaned := m.tenure.held.orphaned
		if !a.deleted || orphaned == nil || !m.vacancy.is(number) || m.observations.holder.id != a.request.id { // it beats again, or a peer was faster
			m.pause(0)
			return
		}
		m.act(note{fact: factDeposed, term: number, holder: a.request.id, host: orphaned.Host, lasts: m.now - m.observations.holder.since})
		m.observations.depose()
		m.promote(orphaned)
	}
}

// promote asks for the term after the latest, once it is sure that nobody claims a
// later one. Whatever the answer, the next view decides.
func (m *machine) promote(latest *registry.Term) {
	var number int64
	m.tenure.orphaned(nil)
	if t := latest; t != nil {
		if t.Number >= registry.MaxTerm {
			if m.announced.isExhausted() {
				m.act(note{fact: factExhausted, term: t.Number})
			}
			return
		}
		number = t.Number
		if t.Open() {
			m.tenure.succeed(t, m.observations.ofHolder(t.Holder))
		}
	}
	m.tenure.follow(latest)
	m.schedule.election.want(&request{kind: kindClaimant, number: number})
}

// claimantFound goes on to begin a term, unless there is a record that claims a later
// one: then the registry has gone back in time, and the owner of that record may work.
// It stops once its views show that, or is an orphan after T.
func (m *machine) claimantFound(a answer) {
	if m.phase != member || !m.vacancy.is(a.request.number) {
		return
	}
	switch in := a.claimant; {
	case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil && in.ID == m.registration.id:
		m.schedule.election.want(&request{kind: kindBeginTerm, term: &registry.Term{
			Group: m.self.Group, Number: a.request.number + 1, Holder: m.registration.id, Host: m.self.Host,
			OrphanAfter: m.timing.OrphanAfter, Schema: registry.Schema,
		}})
	case a.err == nil:
		m.vacancy.claim()
		m.claimedBy(in)
	}
}

// claimedBy waits until the claimant gives up the term that it claims, or is an orphan.
// The registry names one claimant at a time. Meanwhile the search for silent instances
// observes the others, so that several that are dead cost T once and not each in turn.
func (m *machine) claimedBy(in registry.Instance) {
	if m.observations.observeClaimant(in, m.registration.registryTime(m.now), m.timing, m.now) { // a peer may just have been faster
		m.schedule.reading.changed()
		m.pause(0)
		return
	}
	if m.announced.isClaimed(in.ID) {
		m.act(note{fact: factClaimed, holder: in.ID, host: in.Host, term: in.Term})
	}
	if m.now >= m.observations.claimant.orphanAt() {
		m.backlog.deleteOrphanToo(request{kind: kindDeleteOrphan, id: in.ID, beat: in.Beat})
	}
}

// begun takes the answer to the insert of a term, which may be this instance's now. The
// next view shows it, or the term of the peer that was faster. If it shows neither,
// that is logged, and the insert is tried again after a pause. What else was asked for the
// sake of this takeover is settled.
func (m *machine) begun(a answer) {
	m.schedule.reading.changed()
	taken := errors.Is(a.err, registry.ErrTermTaken)
	if a.err != nil && !taken {
		return
	}
	m.schedule.endTakeover()
	m.vacancy.termTaken(m.now)
	if taken {
		m.pause(0)
	}
}

// reportUnseen takes note of a view that does not show the term which was taken before
// the view was sent. The majority of a replica set may lag behind for a moment; it
// is logged if that lasts.
func (m *machine) reportUnseen(a answer) {
	span, ok := m.vacancy.unseenFor(a.view.Number(), a.request.sent, m.now)
	if !ok {
		return
	}
	m.pause(span)
	if number := a.view.Number() + 1; span >= m.timing.Overdue() && m.announced.isUnseen(number) {
		m.act(note{fact: factUnseen, term: number})
	}
}

// reportVacant logs that nobody is active, unless it was logged already that the holder is
// silent.
func (m *machine) reportVacant(v registry.View) {
	t := v.Latest
	if t != nil && t.Open() && v.Holder != nil || !m.announced.isVacant() || t == nil {
		return
	}
	m.act(note{fact: factVacant, term: t.Number, holder: t.Holder, host: t.Host, end: t.End.Reason})
}
