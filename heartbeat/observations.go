package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// unseen is the latest term of an observer that has seen no view yet.
const unseen = -1

// observations is what this instance has seen of its group. It outlives a
// registration. Instants are local.
//
// The machine writes it when a view, a search for silent instances or one for
// claimants is answered, and when it was away.
type observations struct {
	highest int64         // the latest term that any view has shown; unseen: there was no view
	before  int64         // the latest term in the previous view
	past    time.Duration // since when views show less than highest; 0: they do not
	sawOpen int64         // the latest term of a peer that was seen open

	holder   observation // of the latest term
	deposed  observation // the latest holder that this instance has deleted as an orphan
	claimant observation // of a term later than the latest
	passives map[uuid.UUID]observation
}

func newObservations() observations {
	return observations{highest: unseen, before: unseen, passives: map[uuid.UUID]observation{}}
}

// afterGap allows for the time that this instance was away.
func (o *observations) afterGap(now time.Duration) {
	o.holder, o.claimant, o.past = o.holder.afterGap(now), o.claimant.afterGap(now), 0
	for id, s := range o.passives {
		o.passives[id] = s.afterGap(now)
	}
}

// see takes the number of a view's latest term, and reports whether the view is older
// than an earlier one. Nothing is learnt from such a view.
func (o *observations) see(number int64, now time.Duration) (old bool) {
	if number < o.highest {
		if o.past == 0 {
			o.past = now
		}
		return true
	}
	o.before, o.highest, o.past = o.highest, number, 0
	return false
}

// forgetTerms takes note that the registry has gone back in time. What is known of
// registrations stays.
func (o *observations) forgetTerms() { o.highest, o.past, o.sawOpen = unseen, 0, 0 }

// forgive starts the count of old views again.
func (o *observations) forgive() { o.past = 0 }

// observeHolder notes the holder of a view's latest term, and reports whether it has
// beaten since the previous view. at is the registry's time at now, as far as it is known.
func (o *observations) observeHolder(v registry.View, at time.Time, own registry.Timing, now time.Duration) (beats bool) {
	before := o.holder
	if v.Holder != nil {
		o.holder = observe(before, *v.Holder, v.Latest, at, own, now)
	} else {
		o.holder = observeMissing(before, *v.Latest, own, now)
	}
	return o.holder != before
}

// holdIt notes that this instance itself is the holder of a view's latest term. Its own record
// is not read: it knows by its beats whether that is there. last is the registry's time of the
// latest one.
func (o *observations) holdIt(id uuid.UUID, last time.Time, own registry.Timing, now time.Duration) {
	o.holder = observation{id: id, beat: registry.NoBeat, since: now, promise: own, silence: own.OrphanAfter, last: last}
}

// peerHolds takes note of an open term of a peer.
func (o *observations) peerHolds(term int64) { o.sawOpen = term }

// holderGone reports whether the holder of the latest term is an orphan, or was
// deleted as one by this instance.
func (o *observations) holderGone(holder uuid.UUID, now time.Duration) bool {
	return now >= o.holder.orphanAt() || holder == o.deposed.id
}

// depose takes note that this instance has deleted the holder of the latest term.
func (o *observations) depose() { o.deposed = o.holder }

// ofHolder returns what was observed of the holder of an open term, who may have been
// deposed.
func (o *observations) ofHolder(holder uuid.UUID) observation {
	if holder == o.deposed.id {
		return o.deposed
	}
	return o.holder
}

// observeClaimant notes the record that claims a term later than the latest, and
// reports whether it is another record than before.
func (o *observations) observeClaimant(in registry.Instance, at time.Time, own registry.Timing, now time.Duration) (other bool) {
	other = o.claimant.id != in.ID
	o.claimant = observe(o.claimant, in, nil, at, own, now)
	return other
}

// observeSilent notes the silent instances that a search has found, and returns those
// that are orphans. Whoever is not among the silent ones beats, or is gone. A
// list that is not complete may lack unreadable records, so earlier observations are then
// kept for T. self is this instance, which is none of them.
func (o *observations) observeSilent(silent []registry.Instance, complete bool, self uuid.UUID, at time.Time, own registry.Timing, now time.Duration) (orphans []registry.Instance) {
	known := make(map[uuid.UUID]observation, len(silent))
	if !complete {
		for id, s := range o.passives {
			if now-s.listed < s.silence {
				known[id] = s
			}
		}
	}
	for _, in := range silent {
		if in.ID == self {
			continue
		}
		s := observe(o.passives[in.ID], in, nil, at, own, now)
		s.listed = now
		known[in.ID] = s
		if now >= s.orphanAt() {
			orphans = append(orphans, in)
		}
	}
	o.passives = known
	return orphans
}
