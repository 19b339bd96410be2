package heartbeat

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// vacancy is a group without an active instance, or with one that is an orphan,
// as long as it stays so.
type vacancy struct {
	found bool
	last  registry.View // what was seen when it was found
	since time.Duration
	asked bool // who is senior

	taken   bool          // the next term is, as an insert of it has shown
	takenAt time.Duration // when that was known
}

// overtaken drops what was to be done about the vacancy before: a view has shown
// that it is over.
func (m *machine) overtaken(now vacancy) {
	m.vacancy = now
	m.lane.then = nil
	if c := m.aside.then; c != nil && !c.peer {
		m.aside.then = nil
	}
}

// vacant reports whether the vacancy after the term of a number is still there.
func (m *machine) vacant(number int64) bool {
	return m.vacancy.found && m.vacancy.last.Number() == number
}

// competeAt spreads those who are not senior over one interval, after leaving
// one to the senior.
func (m *machine) competeAt() time.Duration {
	var tail uint32
	for _, b := range m.id[12:] {
		tail = tail<<8 | uint32(b)
	}
	i := m.timing.Interval
	return m.vacancy.since + i + time.Duration(float64(i)*float64(tail)/(1<<32))
}

func (m *machine) tellVacant(v registry.View) {
	if m.known.vacant || v.Holder != nil && v.Latest.Open() { // people know that it is silent
		return
	}
	m.known.vacant = true
	if t := v.Latest; t != nil {
		m.act(note{fact: factVacant, term: t.Number, holder: t.Holder, host: t.Host, end: t.End.Reason})
	}
}

// candidate asks who else would take over.
func (m *machine) candidate(except ...uuid.UUID) *call {
	c := &call{kind: callCandidate, except: except}
	c.time, c.within = m.lately()
	return c
}

// lookForSenior asks who should take over from the holder of v's latest term.
func (m *machine) lookForSenior(v registry.View) *call {
	c := m.candidate()
	if v.Latest != nil {
		c = m.candidate(v.Latest.Holder)
		c.number = v.Number()
	}
	return c
}

func (m *machine) seniorFound(a answer) {
	if m.phase != member {
		return
	}
	if a.call.peer {
		m.peerFound(a)
		return
	}
	if !m.vacant(a.call.number) {
		return
	}
	m.vacancy.asked = true
	if a.err != nil || a.senior != m.id {
		return
	}
	v := m.vacancy.last
	if takeOver(v, m.deposed.id) == depose {
		m.depose(v)
	} else {
		m.promote(v.Latest)
	}
}

// depose deletes the holder's record if its beat is still the one that was judged.
func (m *machine) depose(v registry.View) {
	m.duty.after = v.Latest
	m.lane.then = &call{kind: callDeleteOrphan, id: v.Holder.ID, beat: v.Holder.Beat, number: v.Latest.Number}
}

func (m *machine) orphanDeleted(a answer) {
	if a.err != nil {
		m.later(a.call)
		if a.call.number == 0 {
			m.orphans = nil
		}
		return
	}
	if a.call.number == 0 {
		switch {
		case a.deleted && a.call.id == m.claimant.id:
			m.stale = true
			m.act(note{fact: factDeposed, holder: a.call.id, lasts: m.now - m.claimant.since})
		case a.deleted:
			m.act(note{fact: factSwept, holder: a.call.id})
		}
		return
	}
	if m.phase != member {
		return
	}
	m.stale = true
	if !a.deleted || m.duty.after == nil || !m.vacant(a.call.number) || m.holder.id != a.call.id { // it beats again, or a peer was faster
		m.pause(0)
		return
	}
	m.act(note{fact: factDeposed, term: a.call.number, holder: a.call.id, host: m.duty.after.Host, lasts: m.now - m.holder.since})
	m.deposed = m.holder
	m.promote(m.duty.after)
}

// promote asks for the next term, once it is sure that nobody claims a later one.
// Whatever the answer, the next view decides.
func (m *machine) promote(latest *registry.Term) {
	var number int64
	m.duty.after = nil
	if t := latest; t != nil {
		if t.Number >= registry.MaxTerm {
			if !m.known.exhausted {
				m.known.exhausted = true
				m.act(note{fact: factExhausted, term: t.Number})
			}
			return
		}
		number = t.Number
		if t.Open() {
			m.duty.after, m.duty.silent = t, m.holder
			if t.Holder == m.deposed.id {
				m.duty.silent = m.deposed
			}
		}
	}
	m.lane.then = &call{kind: callClaimant, number: number}
}

// claimantFound goes on to begin a term, unless there is a record that claims a
// later one: of somebody who may work in it, in a registry that has gone back in
// time. Its owner stops once its views show that, or is an orphan after T.
func (m *machine) claimantFound(a answer) {
	if m.phase != member {
		return
	}
	switch in := a.claimant; {
	case errors.Is(a.err, registry.ErrNoClaimant), a.err == nil && in.ID == m.id:
		m.lane.then = &call{kind: callBeginTerm, term: &registry.Term{
			Group: m.self.Group, Number: a.call.number + 1, Holder: m.id, Host: m.self.Host,
			OrphanAfter: m.timing.OrphanAfter, Schema: registry.Schema,
		}}
	case a.err != nil:
		m.later(a.call)
	default:
		m.claimedBy(in)
	}
}

// claimedBy waits for another to give up the term that it claims, or to be an orphan.
func (m *machine) claimedBy(in registry.Instance) {
	first := m.claimant.id != in.ID
	m.claimant = sight(m.claimant, in, nil, m.clock, m.timing, m.now)
	if first { // a peer may just have been faster
		m.stale = true
		m.pause(0)
		return
	}
	if m.known.claimant != in.ID {
		m.known.claimant = in.ID
		m.act(note{fact: factClaimed, holder: in.ID, host: in.Host, term: in.Term})
	}
	queued := func(c call) bool { return c.id == in.ID }
	if m.now >= m.claimant.orphanAt() && !slices.ContainsFunc(m.orphans, queued) {
		m.orphans = append(m.orphans, call{kind: callDeleteOrphan, id: in.ID, beat: in.Beat})
	}
}

// begun takes the answer to the insert of a term, which may be mine now. If the
// next view does not show it, or the one that took it, that is told, and tried
// again with a pause.
func (m *machine) begun(a answer) {
	m.stale = true
	switch {
	case a.err == nil, errors.Is(a.err, registry.ErrTermTaken):
		if v := &m.vacancy; !v.taken {
			v.taken, v.takenAt = true, m.now
		}
		if a.err != nil {
			m.pause(0)
		}
	default:
		m.later(a.call)
	}
}

// tellUnseen takes note of a view that does not show the term that was taken
// before it was asked for. A replica set's majority may lag behind for a moment;
// people are told if that lasts.
func (m *machine) tellUnseen(a answer) {
	v := &m.vacancy
	if !v.found || !v.taken || a.call.sent < v.takenAt || a.view.Number() != v.last.Number() {
		return
	}
	m.pause(m.now - v.takenAt)
	if number := a.view.Number() + 1; m.known.unseen != number && m.now-v.takenAt >= m.timing.Overdue() {
		m.known.unseen = number
		m.act(note{fact: factUnseen, term: number})
	}
}
