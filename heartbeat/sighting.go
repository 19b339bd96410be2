package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// sighting is what an observer has noted about a registration: since when, on
// the observer's own clock, its beat has stood still.
type sighting struct {
	id      uuid.UUID
	missing bool // there was no record; beat means nothing
	beat    int64
	since   time.Duration
	promise registry.Timing // I and T of the record that was seen, or the observer's own
	silence time.Duration   // that makes it an orphan
	listed  time.Duration   // when a search for silent ones last found it
	last    time.Time       // its latest heartbeat that was seen, by the registry's clock
}

// orphanAt is the local instant from which the registration is an orphan.
func (s sighting) orphanAt() time.Duration { return s.since + s.silence }

// sight notes a record whose answer arrived at now. While the beat is the one
// that was noted before, since stands. Otherwise it is the instant of receipt,
// back-dated by the record's age on the registry's clock, but by no more than
// the slack that the margin of a lease allows for, which is T/20 at least: the
// record's interval may be damaged too. The term is the one that the record's owner
// holds, if it holds one.
func sight(before sighting, in registry.Instance, t *registry.Term, at time.Time, own registry.Timing, now time.Duration) sighting {
	s := sighting{id: in.ID, beat: in.Beat, since: now, last: in.Heartbeat}
	var sensible bool
	s.silence = longest(own, in.OrphanAfter, t)
	if s.promise, sensible = promise(in.Interval, in.OrphanAfter, own); sensible {
		s.since -= min(max(at.Sub(in.Heartbeat), 0), s.promise.Slack(), s.silence/20)
	}
	if before.id == in.ID && !before.missing && before.beat == in.Beat {
		before.silence = max(before.silence, s.silence)
		return before
	}
	return s
}

// sightMissing notes that the holder of an open term has no record. It may have
// beaten, unseen, until just before it was deleted, by whomever: so its silence
// is counted from the first view that did not find it.
func sightMissing(before sighting, t registry.Term, own registry.Timing, now time.Duration) sighting {
	if before.id == t.Holder && before.missing {
		return before
	}
	s := sighting{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}
	s.promise, _ = promise(own.Interval, t.OrphanAfter, own)
	if before.id == t.Holder {
		s.last = before.last
	}
	return s
}

// promise returns the interval and the silence that a record speaks of, if they
// are possible; otherwise the observer's own.
func promise(interval, orphanAfter time.Duration, own registry.Timing) (promised registry.Timing, sensible bool) {
	if t, ok := (registry.Instance{Interval: interval, OrphanAfter: orphanAfter}).Promise(); ok {
		return t, true
	}
	return own, false
}

// longest is T: the longest that the record, the term that its owner holds, and
// the observer itself speak of. A record may have lost what its owner promised, or
// somebody may have shortened it; the owner still works by what it knows. Nobody
// may promise more than [registry.MaxOrphanAfter], so that no record blocks a
// group for longer.
func longest(own registry.Timing, recorded time.Duration, t *registry.Term) time.Duration {
	if t != nil {
		recorded = max(recorded, t.OrphanAfter)
	}
	return max(own.OrphanAfter, min(recorded, registry.MaxOrphanAfter))
}

// unheard is for how long, at most, nobody had heard of the registration, at an
// instant that both clocks tell; zero: its last beat was never seen. The observer may
// have come long after that beat, so the registry's clock has a say, for people.
func (s sighting) unheard(now time.Duration, clock time.Time) time.Duration {
	if s.last.IsZero() {
		return 0
	}
	return max(now-s.since, clock.Sub(s.last))
}

// afterGap is the sighting after the observer itself was away: perhaps everyone
// was, and a holder that wakes at the same time gets its margin to beat.
func (s sighting) afterGap(now time.Duration) sighting {
	margin := registry.Timing{Interval: s.promise.Interval, OrphanAfter: s.silence}.Margin()
	s.since = max(s.since, now-s.silence+margin)
	return s
}
