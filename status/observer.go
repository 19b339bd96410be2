package status

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Observer takes snapshots of one group and remembers the beats that it has seen. The
// age of a beat by the registry's clock is right only as long as nobody sets that
// clock. Whether a beat moves from one snapshot to the next needs no clock.
//
// The zero value has seen nothing. Its methods may be called concurrently.
type Observer struct {
	mu           sync.Mutex
	observations map[uuid.UUID]observation
	doubt        time.Duration
}

// Observe takes a snapshot of a group as [Observer.Observe] does, without any earlier one.
func Observe(ctx context.Context, admin registry.Admin, group string, n int) (Group, error) {
	return new(Observer).Observe(ctx, admin, group, n)
}

// Observe takes a snapshot of a group, which has to be the same at each call, with its
// latest terms: up to n of them, and at least one. Its errors are those of the
// registry. A record that cannot be read is an error only if it is that of the latest
// term; otherwise the snapshot mentions it and shows the others.
func (o *Observer) Observe(ctx context.Context, admin registry.Admin, group string, n int) (Group, error) {
	r, err := read(ctx, admin, group, max(n, 1))
	if err != nil {
		return Group{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r.observations = make(map[uuid.UUID]observation, len(r.instances))
	o.doubt = 0
	for _, in := range r.instances {
		seen := o.observations[in.ID].next(in.Beat, r.began, r.ended)
		r.observations[in.ID] = seen
		if _, ahead := seen.age(in, r.at); ahead > 0 {
			o.doubt = max(o.doubt, promiseOf(in).Interval*3/2+time.Second/2-seen.least)
		}
	}
	o.observations = r.observations
	return r.snapshot(group), nil
}

// Doubt returns how long it takes, counted from the latest snapshot, until another one can
// tell whether those instances beat whose heartbeat lies ahead of the registry's clock.
// 0: there are none, or they did not beat although they had the time to.
func (o *Observer) Doubt() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.doubt
}
