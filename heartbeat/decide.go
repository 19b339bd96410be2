package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// position is what an instance knows when it looks at its group.
type position struct {
	id     uuid.UUID
	timing registry.Timing
	lease  time.Duration // the local instant at which my lease ends
	clock  time.Time     // the registry's time, by my last beat and what passed since

	term     int64     // the term whose work is mine to do; 0 while passive
	begun    int64     // the term that I asked for under this UUID, and may hold; 0: none
	judged   time.Time // the date of a request to hand over that I have dealt with
	resigned int64     // the latest term that I stepped down from
	sawOpen  int64     // the latest term of another that I saw open
	joined   time.Time // when this process first registered, by the registry's clock
	highest  int64     // the latest term that I ever saw
	seen     int64     // the latest term in the view before this one

	past       time.Duration // since when views show less than highest; never: 0
	holdingOff bool          // I do not compete for now
	deposed    uuid.UUID     // the holder that I deleted as an orphan
	orphanAt   time.Duration // when the holder of the latest term is an orphan
	competeAt  time.Duration // when I compete for this vacancy without being senior
	asked      bool          // I asked who is senior, and it is not me
}

// unseen is the latest term for one that has seen no view yet.
const unseen = -1

// verdict is what a view calls for.
type verdict string

const (
	nothing  verdict = "nothing"
	ask      verdict = "ask who is senior"
	promote  verdict = "promote"
	depose   verdict = "depose, then promote" // instead of promote, where the holder is registered
	start    verdict = "start working"
	stepDown verdict = "step down"
	reEnd    verdict = "end my term again"
	kill     verdict = "kill the work"
	quit     verdict = "work done, leave"
)

// decision is a verdict and what it is about.
type decision struct {
	verdict verdict
	fact    fact // kill: why
}

// decide is the protocol's judgement: what to do about a view, received now.
func decide(p position, v registry.View, now time.Duration) decision {
	if v.Number() < max(p.term, p.highest) {
		return decidePast(p, now)
	}
	if p.term > 0 {
		return decideActive(p, v)
	}
	return decidePassive(p, v, now)
}

// decidePast: the view is older than what I have seen. That is a read of the
// past and means nothing, unless it stays.
func decidePast(p position, now time.Duration) decision {
	if p.past == 0 || now < p.past+p.timing.Overdue() {
		return decision{verdict: nothing}
	}
	return decision{kill, factTermsLost}
}

func decideActive(p position, v registry.View) decision {
	t := v.Latest
	switch {
	case t.Number > p.term || t.Holder != p.id:
		return decision{kill, factOutvoted}
	case !t.Open():
		return decision{kill, factTermEnded}
	case t.Handover != nil && t.Handover.To != p.id && !t.Handover.At.Equal(p.judged) && p.clock.Sub(t.Handover.At).Abs() <= p.timing.RequestLife():
		return decision{verdict: stepDown}
	}
	return decision{verdict: nothing}
}

func decidePassive(p position, v registry.View, now time.Duration) decision {
	t := v.Latest
	able := now < p.lease-p.timing.StopGrace
	switch {
	case t != nil && t.Open() && t.Holder == p.id:
		if t.Number <= p.resigned {
			return decision{verdict: reEnd}
		}
		if t.Number != p.begun {
			return decision{kill, factUnasked}
		}
		if able {
			return decision{verdict: start}
		}
		return decision{verdict: nothing}
	case t != nil && !t.Open() && t.End.Reason == registry.WorkDone && (t.Number == p.sawOpen || p.wasThere(*t)):
		return decision{verdict: quit}
	case !able || p.holdingOff:
		return decision{verdict: nothing}
	case t == nil || !t.Open():
		return decideVacant(p, t, now)
	case t.Holder == p.deposed:
		return decision{verdict: promote}
	case now < p.orphanAt:
		return decision{verdict: nothing}
	}
	d := decideVacant(p, t, now)
	if d.verdict == promote {
		d.verdict = takeOver(v, p.deposed)
	}
	return d
}

// takeOver is how to: a holder that is registered, and whom I have not deleted, is
// deposed first.
func takeOver(v registry.View, deposed uuid.UUID) verdict {
	if t := v.Latest; t != nil && t.Open() && v.Holder != nil && t.Holder != deposed {
		return depose
	}
	return promote
}

// wasThere reports whether this process was registered when a term began, which
// may have been over before the next view. Before the first view it is a hint:
// two readings of the registry's clock are compared, which may have stepped in
// between; one that is ahead of the registry's clock says nothing.
func (p position) wasThere(t registry.Term) bool {
	if p.seen != unseen {
		return p.seen < t.Number
	}
	return !p.joined.IsZero() && p.joined.Before(t.StartedAt) && t.StartedAt.Before(p.clock.Add(p.timing.Overdue()))
}

// decideVacant: the senior takes over at once, everyone else a little later, each
// at an instant of its own.
func decideVacant(p position, t *registry.Term, now time.Duration) decision {
	var target uuid.UUID
	if t != nil && !t.Open() && t.End.Reason == registry.HandedOver && t.Handover != nil {
		target = t.Handover.To
	}
	switch {
	case target == p.id, now >= p.competeAt:
		return decision{verdict: promote}
	case target != uuid.Nil, p.asked:
		return decision{verdict: nothing}
	}
	return decision{verdict: ask}
}
