package status

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Observer takes pictures of one group, and remembers the beats that it saw. By
// the registry's clock a beat is as old as its heartbeat says only while nobody
// sets that clock; whether the beat moves from one look to the next needs none.
// The zero value has seen nothing. Its methods may be called concurrently.
type Observer struct {
	mu    sync.Mutex
	seen  map[uuid.UUID]sight
	doubt time.Duration
}

// Look takes a picture of a group, always the same one, with its latest terms, up
// to n of them and at least one. Its errors are the registry's. A record that
// cannot be read is none, unless it is that of the latest term: the picture says
// so, and shows the others.
func (o *Observer) Look(ctx context.Context, admin registry.Admin, group string, n int) (Group, error) {
	r, err := read(ctx, admin, group, max(n, 1))
	if err != nil {
		return Group{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r.sights = make(map[uuid.UUID]sight, len(r.instances))
	o.doubt = 0
	for _, in := range r.instances {
		s := o.seen[in.ID].again(in.Beat, r.began, r.ended)
		r.sights[in.ID] = s
		if _, unproven := s.age(in, r.at); unproven > 0 {
			o.doubt = max(o.doubt, promised(in).Interval*3/2+time.Second/2-s.least)
		}
	}
	o.seen = r.sights
	return r.picture(group), nil
}

// Doubt is how long it takes from the latest look until another one has told
// whether those beat whose heartbeat is ahead of the registry's clock. 0: there
// are none, or they had the time to beat and did not.
func (o *Observer) Doubt() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.doubt
}

// sight is a beat that was read between two instants of this machine's clock, and
// how old it was then.
type sight struct {
	beat         int64
	began, ended time.Time
	least, most  time.Duration
}

// unknown is how old a beat may be that was seen only once.
const unknown = time.Duration(math.MaxInt64)

// again is what a later read makes of what was seen before, if anything was: a
// beat that stands still is older by now, one that was counted up is no older
// than the time between.
func (s sight) again(beat int64, began, ended time.Time) sight {
	next := sight{beat: beat, began: began, ended: ended, most: unknown}
	if s.ended.IsZero() || beat < s.beat { // which somebody restored
		return next
	}
	// The monotonic clock stands still in a suspend, the other one does not.
	between := max(ended.Sub(s.began), ended.Round(0).Sub(s.began.Round(0)), 0)
	switch {
	case beat > s.beat:
		next.most = between
	case s.most < unknown-between:
		next.most = s.most + between
	}
	if beat == s.beat {
		next.least = s.least + max(began.Sub(s.ended), 0)
	}
	return next
}

// age is how old the beat of an instance is, as the registry's clock has it, but
// within the bounds of what was seen. If the heartbeat is that far ahead of the
// clock that it proves nothing, and nothing else does, ahead is by how much; the
// age is then the least that it may be.
func (s sight) age(in registry.Instance, at time.Time) (age, ahead time.Duration) {
	age = max(sane(at).Sub(sane(in.Heartbeat)), -unknown)
	if age < -promised(in).Overdue() && s.most == unknown {
		ahead = -age
	}
	return min(max(age, s.least), s.most), ahead
}

// promised is what an instance promised its peers, or the default where its record
// makes no sense.
func promised(in registry.Instance) registry.Timing {
	if t, ok := in.Promise(); ok {
		return t
	}
	return registry.DefaultTiming
}
