package status

import (
	"math"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// observation is what is known about the age of a beat without the registry's clock.
// The beat was read between two instants of this machine's clock, and its age was
// between two bounds then.
type observation struct {
	beat         int64
	began, ended time.Time
	least, most  time.Duration
}

// unbounded is the upper bound of a beat that was seen only once.
const unbounded = time.Duration(math.MaxInt64)

// next returns the observation after a later read of the same record. A beat that
// stands still is older by the time between the reads. A beat that moved is not older
// than that time. The zero observation has seen nothing.
func (o observation) next(beat int64, began, ended time.Time) observation {
	n := observation{beat: beat, began: began, ended: ended, most: unbounded}
	if o.ended.IsZero() || beat < o.beat { // a lower beat: somebody restored the record
		return n
	}
	// The monotonic clock stands still while the machine is suspended, the other one
	// does not.
	between := max(ended.Sub(o.began), ended.Round(0).Sub(o.began.Round(0)), 0)
	switch {
	case beat > o.beat:
		n.most = between
	case o.most < unbounded-between:
		n.most = o.most + between
	}
	if beat == o.beat {
		n.least = o.least + max(began.Sub(o.ended), 0)
	}
	return n
}

// age returns the age of an instance's beat: by the registry's clock, but within the
// bounds of the observation. If its heartbeat lies further ahead of that clock than any
// beat can, and the observation has no upper bound, ahead says by how much; the age is
// then a lower bound.
func (o observation) age(in registry.Instance, at time.Time) (age, ahead time.Duration) {
	age = max(sane(at).Sub(sane(in.Heartbeat)), -unbounded)
	if age < -promiseOf(in).Overdue() && o.most == unbounded {
		ahead = -age
	}
	return min(max(age, o.least), o.most), ahead
}

// promiseOf returns the timing that an instance promised its peers, or the default if
// its record makes no sense.
func promiseOf(in registry.Instance) registry.Timing {
	if t, ok := in.Promise(); ok {
		return t
	}
	return registry.DefaultTiming
}
