package mongostore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Open implements [store.Holding].
func (s *Store) Open(ctx context.Context, h store.Holder, except []store.Key, limit int) ([]store.Run, error) {
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return nil, wrap(ctx, "open runs", err)
	}
	defer end()
	decode, sound := noLater(h)
	wanted := bson.D{inGroup(h.Group), {Key: listed, Value: exists(true)}, {Key: "state", Value: bson.D{{Key: "$ne", Value: store.Waiting}}}}
	if len(except) > 0 {
		ids := make([]runID, len(except))
		for i, k := range except {
			ids[i] = idOf(k)
		}
		wanted = append(wanted, bson.E{Key: "_id", Value: bson.D{{Key: "$nin", Value: ids}}})
	}
	open, err := read(ctx, s, s.runs, wanted, bson.D{{Key: "term", Value: 1}, {Key: "_id", Value: 1}}, nil, store.Bounded(limit), decode, sound)
	if err != nil {
		return nil, wrap(ctx, "open runs", err)
	}
	return open.found, wrap(ctx, "open runs", open.err())
}

// noLater returns how to decode a run for a holder, and what matches the records for which
// that is possible: those of a later term count as records that cannot be understood.
func noLater(h store.Holder) (decode func(bson.Raw) (store.Run, error), sound bson.E) {
	decode = func(raw bson.Raw) (store.Run, error) {
		r, err := decodeRun(raw)
		return r, cmp.Or(err, h.NoLaterRun(r))
	}
	return decode, bson.E{Key: "$and", Value: bson.A{bson.D{soundRun}, bson.D{{Key: "term", Value: bson.D{{Key: "$lte", Value: h.Term}}}}}}
}

// ended are the states of the runs that have their outcome.
var ended = slices.DeleteFunc(slices.Clone(store.States), func(s store.State) bool { return !s.Ended() })

func exists(yes bool) bson.D { return bson.D{{Key: "$exists", Value: yes}} }

// inGroup matches the runs of a group.
func inGroup(group string) bson.E { return bson.E{Key: "_id.group", Value: group} }

// waiting matches the waiting runs of a group.
func waiting(group string) bson.D {
	return bson.D{inGroup(group), {Key: listed, Value: exists(true)}, {Key: "state", Value: store.Waiting}}
}

// Retrying implements [store.Holding]. The index has all that it reads.
func (s *Store) Retrying(ctx context.Context, group string) (map[string]string, error) {
	fail := func(err error) (map[string]string, error) { return nil, wrap(ctx, "retrying runs", err) }
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return fail(err)
	}
	defer end()
	greatest := map[string]string{}
	var bad []error
	err = each(ctx, s.runs, bson.D{inGroup(group), {Key: "state", Value: store.Waiting}, attempted},
		options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetCollation(s.r.Simple), func(raw bson.Raw) {
			k, err := decodeKey(raw)
			if err == nil {
				err = k.Check()
			}
			switch {
			case err == nil:
				greatest[k.Job] = max(greatest[k.Job], k.Run)
			case len(bad) < maxBad:
				bad = append(bad, fmt.Errorf("%w: a waiting run: %w", registry.ErrCorrupt, err))
			}
		})
	if err != nil {
		return fail(s.r.Refused(s.runs, err))
	}
	return greatest, wrap(ctx, "retrying runs", store.LeftOut(bad...))
}

// attempted matches the runs that have had an attempt.
var attempted = bson.E{Key: "attempt", Value: bson.D{{Key: "$gt", Value: int64(0)}}}

// Due implements [store.Holding]. A record whose due makes no sense counts as due, so
// that it is reported.
func (s *Store) Due(ctx context.Context, h store.Holder, now time.Time, except []string, limit int) ([]store.Run, time.Time, error) {
	fail := func(err error) ([]store.Run, time.Time, error) { return nil, time.Time{}, wrap(ctx, "due runs", err) }
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return fail(err)
	}
	defer end()
	wanted := waiting(h.Group)
	if len(except) > 0 {
		wanted = append(wanted, bson.E{Key: "_id.job", Value: bson.D{{Key: "$nin", Value: except}}})
	}
	wanted = slices.Clip(wanted)
	later := bson.D{{Key: "$gt", Value: now}}
	decode, sound := noLater(h)
	l, err := read(ctx, s, s.runs, append(wanted, bson.E{Key: "due", Value: bson.D{{Key: "$not", Value: later}}}),
		bson.D{{Key: "priority", Value: -1}, {Key: "due", Value: 1}, {Key: "_id", Value: 1}}, nil, store.Bounded(limit), decode, sound)
	if err != nil {
		return fail(err)
	}
	first, err := read(ctx, s, s.runs, append(wanted, bson.E{Key: "due", Value: later}),
		bson.D{{Key: "due", Value: 1}}, bson.D{{Key: "due", Value: 1}, {Key: "term", Value: 1}}, 1, func(raw bson.Raw) (time.Time, error) {
			due, _ := fields{Raw: raw}.Date("due")
			term, _ := fields{Raw: raw}.Integer("term")
			k, _ := decodeKey(raw)
			return due, h.NoLaterRun(store.Run{Key: k, Term: term})
		}, sound)
	if err != nil {
		return fail(err)
	}
	var next time.Time
	for _, due := range first.found {
		next = store.Instant(due)
	}
	return l.found, next, wrap(ctx, "due runs", l.err())
}
