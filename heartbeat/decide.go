package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// situation is what decide uses besides a view: copies of the machine's parts.
type situation struct {
	timing       registry.Timing
	registration registration
	tenure       tenure
	observations observations
	vacancy      vacancy
	successor    uuid.UUID // who comes next after the term of this instance, as far as it knows
}

// verdict is what a view calls for.
type verdict string

const (
	nothing  verdict = "nothing"
	ask      verdict = "ask who is senior"
	promote  verdict = "promote"
	depose   verdict = "depose, then promote" // instead of promote, where the holder is registered
	start    verdict = "start working"
	stepDown verdict = "step down"
	notify   verdict = "let the target of the handover notice it first"
	reEnd    verdict = "end my term again"
	kill     verdict = "kill the work"
	quit     verdict = "work done, leave"
)

// decision is a verdict and its reason.
type decision struct {
	verdict verdict
	fact    fact // why the work is killed, for people; empty: nothing works
}

// withoutTerm returns the decision about a view that is too old to begin or start a term by.
func (d decision) withoutTerm() decision {
	switch d.verdict {
	case ask, promote, depose, start:
		return decision{verdict: nothing}
	}
	return d
}

// decide is the heart of the protocol: it says what to do about a view, received now. It
// is a pure function.
func decide(s situation, v registry.View, now time.Duration) decision {
	if v.Number() < max(s.tenure.work.term.Number, s.observations.highest) {
		return decidePast(s, now)
	}
	if s.tenure.active() {
		return decideActive(s, v, now)
	}
	return decidePassive(s, v, now)
}

// decidePast decides about a view that is older than an earlier one. That is a read of
// the past and means nothing, unless it stays.
func decidePast(s situation, now time.Duration) decision {
	past := s.observations.past
	if past == 0 || now < past+s.timing.Overdue() {
		return decision{verdict: nothing}
	}
	return decision{kill, factTermsLost}
}

// decideActive decides about a view while this instance holds a term.
func decideActive(s situation, v registry.View, now time.Duration) decision {
	t, me := v.Latest, s.registration.id
	switch {
	case t.Number > s.tenure.work.term.Number && workDone(t): // I was frozen, and a peer began and finished the next term
		return decision{quit, factNewerTerm}
	case t.Number > s.tenure.work.term.Number || t.Holder != me:
		return decision{kill, factNewerTerm}
	case !t.Open():
		return decision{kill, factTermEnded}
	case t.Handover != nil && t.Handover.To != me && !s.tenure.handover.isSettled(t.Handover.At) && s.fresh(t.Handover.At, now):
		return decision{verdict: s.handOverTo(*t.Handover, now)}
	}
	return decision{verdict: nothing}
}

// handOverTo decides when to follow a request to hand over. The successor listens, and takes
// over at once. Any other target is marked first, and listens from its next beat on. The work
// goes on until then.
func (s situation) handOverTo(h registry.Handover, now time.Duration) verdict {
	listens := h.To == uuid.Nil || h.To == s.successor || s.registration.everybodyListens()
	if listens || s.tenure.handover.knownFor(h.At, now) >= noticeTime(s.timing) {
		return stepDown
	}
	return notify
}

// noticeTime is how long an instance that was marked takes to listen: until its next beat is
// answered.
func noticeTime(t registry.Timing) time.Duration { return t.Interval + t.Interval/4 }

// workDone reports whether a term has ended because its work is done, for the whole group.
func workDone(t *registry.Term) bool { return !t.Open() && t.End.Reason == registry.WorkDone }

// fresh reports whether a handover request made at this time is still valid.
func (s situation) fresh(at time.Time, now time.Duration) bool {
	return s.registration.registryTime(now).Sub(at).Abs() <= s.timing.RequestLife()
}

// decidePassive decides about a view while this instance is passive.
func decidePassive(s situation, v registry.View, now time.Duration) decision {
	t, me := v.Latest, s.registration.id
	able := s.registration.mayAct(now, s.timing.StopGrace)
	switch {
	case t != nil && t.Open() && t.Holder == me:
		if t.Number <= s.tenure.resigned {
			return decision{verdict: reEnd}
		}
		if t.Number != s.tenure.held.number {
			return decision{kill, factNotAsked}
		}
		if able {
			return decision{verdict: start}
		}
		return decision{verdict: nothing}
	case t != nil && workDone(t) && (t.Number == s.observations.sawOpen || s.wasThere(*t, now)):
		return decision{verdict: quit}
	case !able || s.holdsOff(now):
		return decision{verdict: nothing}
	case t == nil || !t.Open():
		return decideVacant(s, t, now)
	case t.Holder == s.observations.deposed.id:
		return decision{verdict: promote}
	case now < s.observations.holder.orphanAt():
		return decision{verdict: nothing}
	}
	d := decideVacant(s, t, now)
	if d.verdict == promote {
		d.verdict = takeOverFrom(v, s.observations.deposed.id)
	}
	return d
}

// takeOverFrom decides how to take over from the holder of a view's latest term. A
// holder that is registered, and that this instance has not deleted, is deposed first.
func takeOverFrom(v registry.View, deposed uuid.UUID) verdict {
	if t := v.Latest; t != nil && t.Open() && v.Holder != nil && t.Holder != deposed {
		return depose
	}
	return promote
}

// holdsOff reports whether this instance leaves the vacancy to peers. If nobody has taken
// the vacancy for T, this instance does not leave it to them any longer.
func (s situation) holdsOff(now time.Duration) bool {
	return s.tenure.holdOff.active(now) && !s.vacancy.neglected(now, s.timing.OrphanAfter)
}

// wasThere reports whether this process was registered when a term began, which may
// have been over before the next view. Before the first view that is only a hint: it
// compares two readings of the registry's clock, which may have stepped in between. A
// term that began ahead of the registry's clock says nothing.
func (s situation) wasThere(t registry.Term, now time.Duration) bool {
	if s.observations.before != unseen {
		return s.observations.before < t.Number
	}
	joined := s.registration.joined
	return !joined.IsZero() && joined.Before(t.StartedAt) && t.StartedAt.Before(s.registration.registryTime(now).Add(s.timing.Overdue()))
}

// decideVacant decides about a vacancy after a term, if there was one. The senior takes
// over at once, everyone else a little later, each at an instant of its own. The target
// of a handover counts as the senior, and so does the one that the previous holder has
// named because it has found it to be the senior. Who is senior by priority and age is what
// registry.Registry.Candidate answers: see candidates.go of the backends.
func decideVacant(s situation, t *registry.Term, now time.Duration) decision {
	var target uuid.UUID
	if t != nil && !t.Open() {
		target = t.End.Next
		if t.End.Reason == registry.HandedOver && t.Handover != nil && t.Handover.To != uuid.Nil {
			target = t.Handover.To
		}
	}
	me := s.registration.id
	switch {
	case target == me, now >= s.vacancy.competeAt(me, s.timing.Interval):
		return decision{verdict: promote}
	case target != uuid.Nil, s.vacancy.asked:
		return decision{verdict: nothing}
	}
	return decision{verdict: ask}
}
