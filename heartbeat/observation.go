package heartbeat

import (
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// observation is what an observer has noted about a registration: since when, on the
// observer's own clock, its beat stands still. It is a value that does not change; a
// new record makes a new observation.
type observation struct {
	id      uuid.UUID
	missing bool            // there was no record; beat means nothing
	beat    int64           // the beat that was counted last
	since   time.Duration   // since when it stands still
	promise registry.Timing // I and T of the record, or the observer's own
	silence time.Duration   // how long the beat stands still until this is an orphan
	listed  time.Duration   // when a search for silent instances found it last
	last    time.Time       // the latest heartbeat that was seen, by the registry's clock
}

// orphanAt is the local instant from which the registration is an orphan.
func (o observation) orphanAt() time.Duration { return o.since + o.silence }

// observe notes a record whose answer arrived at now. While the beat is the one that
// was noted before, since stays. Otherwise it is the instant of receipt, back-dated by
// the record's age on the registry's clock, but by no more than the slack that the
// margin of a lease allows for, and by no more than T/20, since the record's interval
// may be damaged too. t is the term that the record's owner holds; nil: none.
func observe(before observation, in registry.Instance, t *registry.Term, at time.Time, own registry.Timing, now time.Duration) observation {
	o := observation{id: in.ID, beat: in.Beat, since: now, last: in.Heartbeat}
	var sensible bool
	o.silence = longest(own, in.OrphanAfter, t)
	if o.promise, sensible = promise(in.Interval, in.OrphanAfter, own); sensible {
		o.since -= min(max(at.Sub(in.Heartbeat), 0), o.promise.Slack(), o.silence/20)
	}
	if before.id == in.ID && !before.missing && before.beat == in.Beat {
		before.silence = max(before.silence, o.silence)
		return before
	}
	return o
}

// observeMissing notes that the holder of an open term has no record. It may have
// beaten, unseen, until just before somebody deleted the record. So its silence counts
// from the first view that did not find it.
func observeMissing(before observation, t registry.Term, own registry.Timing, now time.Duration) observation {
	if before.id == t.Holder && before.missing {
		return before
	}
	o := observation{id: t.Holder, missing: true, since: now, silence: longest(own, 0, &t)}
	o.promise, _ = promise(own.Interval, t.OrphanAfter, own)
	if before.id == t.Holder {
		o.last = before.last
	}
	return o
}

// promise returns the interval and the silence that a record promises, if they are
// possible; otherwise the observer's own.
func promise(interval, orphanAfter time.Duration, own registry.Timing) (promised registry.Timing, sensible bool) {
	if t, ok := (registry.Instance{Interval: interval, OrphanAfter: orphanAfter}).Promise(); ok {
		return t, true
	}
	return own, false
}

// longest is T: the longest of those that the record, the term that its owner holds,
// and the observer itself name. A record may have lost what its owner promised, or
// somebody may have shortened it, while the owner still works by what it knows.
// [registry.MaxOrphanAfter] bounds it, so that no record blocks a group for longer.
func longest(own registry.Timing, recorded time.Duration, t *registry.Term) time.Duration {
	if t != nil {
		recorded = max(recorded, t.OrphanAfter)
	}
	return max(own.OrphanAfter, min(recorded, registry.MaxOrphanAfter))
}

// silentFor returns for how long, at most, the registration had been silent at an instant
// that is given by both clocks; zero: no beat of it was seen. The result is for people:
// the observer may have started long after the last beat, so the registry's clock counts
// too.
func (o observation) silentFor(now time.Duration, clock time.Time) time.Duration {
	if o.last.IsZero() {
		return 0
	}
	return max(now-o.since, clock.Sub(o.last))
}

// afterGap returns the observation for an observer that was away. Perhaps all instances
// were away, so a registration whose owner wakes at the same time gets its margin to beat.
func (o observation) afterGap(now time.Duration) observation {
	margin := registry.Timing{Interval: o.promise.Interval, OrphanAfter: o.silence}.Margin()
	o.since = max(o.since, now-o.silence+margin)
	return o
}
