package heartbeat

import (
	"errors"
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

// hintTimeout is for calls that are hints: the next view is not to wait long for
// them.
func (m *machine) hintTimeout() time.Duration {
	return min(m.timing.Interval, m.timing.CallTimeout())
}

// candidate asks who else would take over.
func (m *machine) candidate(except ...uuid.UUID) *call {
	return &call{kind: callCandidate, timeout: m.hintTimeout(), time: m.clock, within: m.lately(), except: except}
}

// lately is how far from the registry's time everyone has beaten who is there.
func (m *machine) lately() time.Duration { return 3 * m.timing.Interval }

// lookForSenior asks who should take over from the holder of v's latest term.
func (m *machine) lookForSenior(v registry.View) *call {
	if v.Latest == nil {
		return m.candidate()
	}
	return m.candidate(v.Latest.Holder)
}

func (m *machine) seniorFound(a answer) {
	if m.phase != member {
		return
	}
	if a.err != nil && !errors.Is(a.err, registry.ErrNoCandidate) {
		m.failed(a.call, a.err)
	}
	if m.work.retry {
		m.peerFound(a)
		return
	}
	m.vacancy.asked = m.vacancy.found
	if a.err != nil || a.senior != m.id || !m.vacancy.found {
		return
	}
	v := m.vacancy.last
	if takeOver(v, m.deposed) == depose {
		m.depose(v)
	} else {
		m.promote(v.Latest)
	}
}

// depose deletes the holder's record if its beat is still the one that was judged.
func (m *machine) depose(v registry.View) {
	m.duty.after = v.Latest
	m.then = &call{kind: callDeleteOrphan, id: v.Holder.ID, beat: v.Holder.Beat, number: v.Latest.Number}
}

func (m *machine) orphanDeleted(a answer) {
	if a.err != nil {
		m.later(a)
		m.orphans = nil
		return
	}
	if a.call.number == 0 {
		if a.deleted {
			m.act(note{fact: factSwept, holder: a.call.id})
		}
		return
	}
	if m.phase != member {
		return
	}
	m.stale = true
	if !a.deleted || m.duty.after == nil { // it beats again, or a peer was faster
		m.nextCall = m.now + m.timing.Interval/4
		return
	}
	m.act(note{fact: factDeposed, term: a.call.number, holder: a.call.id, host: m.duty.after.Host, lasts: m.now - m.holder.since})
	m.deposed = a.call.id
	m.promote(m.duty.after)
}

// promote asks for the next term. Whatever the answer, the next view decides.
func (m *machine) promote(latest *registry.Term) {
	next := registry.Term{
		Group: m.self.Group, Number: 1, Holder: m.id, Host: m.self.Host,
		OrphanAfter: m.timing.OrphanAfter, Schema: registry.Schema,
	}
	m.duty.after = nil
	if t := latest; t != nil {
		if t.Number >= registry.MaxTerm {
			if !m.known.exhausted {
				m.known.exhausted = true
				m.act(note{fact: factExhausted, term: t.Number})
			}
			return
		}
		next.Number = t.Number + 1
		if t.Open() {
			m.duty.after = t
		}
	}
	m.then = &call{kind: callBeginTerm, term: &next}
}

func (m *machine) begun(a answer) {
	m.stale = true
	switch {
	case errors.Is(a.err, registry.ErrTermTaken):
		m.nextCall = m.now + m.timing.Interval/4 // a view of the past is not to spin
	case a.err != nil:
		m.later(a)
	}
}
