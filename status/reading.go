package status

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// reading is what was read from the registry for one snapshot.
type reading struct {
	terms       []registry.Term     // newest first
	instances   []registry.Instance // in the order of their UUIDs
	at          time.Time           // by the registry's clock
	badTerm     error               // why there are more terms than these
	badInstance error               // why there are more instances than these
	// The instances were read between these instants of this machine's clock.
	began, ended time.Time
	// observations has an entry for each instance whose beat an Observer has compared
	// with what it saw before.
	observations map[uuid.UUID]observation
}

// read reads the latest terms of a group, up to n of them, and its instances. A record
// that cannot be read is left out, unless it is that of the latest term.
func read(ctx context.Context, admin registry.Admin, group string, n int) (r reading, err error) {
	for try := 1; ; try++ {
		r.terms, r.badTerm = admin.Terms(ctx, group, n)
		if r.badTerm != nil && !registry.Unreadable(r.badTerm) {
			return r, r.badTerm
		}
		r.began = time.Now()
		r.instances, r.at, r.badInstance = admin.Instances(ctx, group)
		r.ended = time.Now()
		if r.badInstance != nil && (r.at.IsZero() || !registry.Unreadable(r.badInstance)) {
			return r, r.badInstance
		}
		// If a term began or ended between the two reads, the holder of the first may be
		// gone in the second although nothing is wrong. So the latest term is read again.
		// This also returns an error if it is the one that cannot be read: without the
		// latest term there is no snapshot.
		again, err := admin.Terms(ctx, group, 1)
		switch same := sameLatest(r.terms, again); {
		case err != nil:
			return r, err
		case same, try == 3 && r.badTerm == nil:
			return r, nil
		case try == 3:
			return r, r.badTerm
		}
	}
}

// clockAhead returns how far the registry's clock is ahead of this machine's at least. The
// registry read its clock, in milliseconds, after the reading began and before it ended.
func (r reading) clockAhead() time.Duration {
	at := sane(r.at)
	switch {
	case at.IsZero():
		return 0
	case at.After(r.ended):
		return at.Sub(r.ended)
	case at.Add(time.Millisecond).Before(r.began):
		return at.Add(time.Millisecond).Sub(r.began)
	}
	return 0
}

func sameLatest(a, b []registry.Term) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return a[0].Number == b[0].Number && a[0].Open() == b[0].Open()
}

// History returns the latest terms of a group, up to n of them, and the registry's
// time. It needs no readable registration, and of the terms only the latest has to be
// readable: registry.ErrCorrupt and registry.ErrSchema come with those that are.
func History(ctx context.Context, admin registry.Admin, group string, n int) ([]Term, time.Time, error) {
	terms, unread := admin.Terms(ctx, group, n)
	if unread != nil {
		if !registry.Unreadable(unread) || len(terms) == 0 {
			return nil, time.Time{}, unread
		}
		if _, err := admin.Terms(ctx, group, 1); err != nil {
			return nil, time.Time{}, err
		}
	}
	info, err := admin.Info(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	at := sane(info.At)
	return history(terms, at), at, unread
}
