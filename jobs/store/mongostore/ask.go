package mongostore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// asked is the field of runs and jobs that every write of somebody else than a holder
// sets, and no other write. Instances of an earlier version have a change stream that waits
// for it. Its value is another one each time, because a value that stays is no change.
const asked = "asked"

func newAsked() bson.E { return bson.E{Key: asked, Value: mongofields.Binary(uuid.New())} }

// Submit implements [store.Asking]. The payload is stored first, under an _id of its own
// that the run's record names: so the payloads of two calls with one key never meet.
func (s *Store) Submit(ctx context.Context, r store.Run, payload []byte, depth int) (store.Run, bool, error) {
	fail := func(err error) (store.Run, bool, error) { return store.Run{}, false, wrap(ctx, "submit", err) }
	end, err := s.begin(ctx, s.r.MayWrite)
	if err != nil {
		return fail(err)
	}
	defer end()
	if err := store.CheckSize("payload", payload, store.MaxPayload); err != nil {
		return fail(err)
	}
	now := s.r.Now()
	r = store.Run{
		Key: r.Key, Trigger: r.Trigger, Slot: r.Slot, Priority: r.Priority, By: r.By, Parent: r.Parent,
		State: store.Waiting, Open: true, At: now, Due: r.Due,
	}
	if r.Due.Before(now) {
		r.Due = now
	}
	if len(payload) > 0 {
		r.Payload = sha256.Sum256(payload)
	}
	r, err = r.Stored()
	if err != nil {
		return fail(err)
	}
	there, err := s.run(ctx, r.Key)
	switch {
	case err == nil:
		return s.same(ctx, r, there)
	case !errors.Is(err, store.ErrNoRun):
		return fail(err)
	}
	if err := s.room(ctx, r.Group, depth); err != nil {
		return fail(err)
	}
	doc := append(newRun(r), newAsked())
	var blob uuid.UUID
	if len(payload) > 0 {
		blob = uuid.New()
		doc = append(doc, bson.E{Key: "blob", Value: mongofields.Binary(blob)})
		_, err := s.blobs.InsertOne(ctx, bson.D{
			{Key: "_id", Value: payloadID(r.Key, blob)}, {Key: "data", Value: payload}, {Key: "at", Value: r.At}, {Key: "schema", Value: int64(store.Schema)},
		})
		if err != nil {
			return fail(s.r.Refused(s.blobs, err))
		}
	}
	_, err = s.runs.InsertOne(ctx, doc)
	if err == nil {
		s.ring(r.Group)
		return r, true, nil
	}
	duplicate := mongoconn.DuplicateID(err)
	refused := s.r.Refused(s.runs, err)
	if blob != uuid.Nil && (duplicate || errors.Is(refused, registry.ErrRefused)) {
		_, _ = s.blobs.DeleteOne(ctx, bson.D{{Key: "_id", Value: payloadID(r.Key, blob)}})
	}
	if !duplicate {
		return fail(refused)
	}
	if err := s.collated(ctx, s.runs, idOf(r.Key), err); err != nil {
		return fail(err)
	}
	if there, err = s.run(ctx, r.Key); err != nil {
		return fail(err)
	}
	return s.same(ctx, r, there)
}

// same returns the run that is there, or ErrConflict if it has another payload.
func (s *Store) same(ctx context.Context, r, there store.Run) (store.Run, bool, error) {
	if r.Payload != there.Payload {
		return store.Run{}, false, wrap(ctx, "submit", fmt.Errorf("%w: run %v", store.ErrConflict, r.Key))
	}
	return there, false, nil
}

// room returns ErrFull if at least depth runs of a group wait. Calls at the same time may
// exceed the depth by as many as they are.
func (s *Store) room(ctx context.Context, group string, depth int) error {
	full := fmt.Errorf("%w: %d in group %.100q", store.ErrFull, depth, group)
	if depth <= 0 {
		return full
	}
	n, err := s.runs.CountDocuments(ctx, waiting(group), options.Count().SetLimit(int64(depth)).SetCollation(s.r.Simple))
	if err != nil {
		return s.r.Refused(s.runs, err)
	}
	if n >= int64(depth) {
		return full
	}
	return nil
}

// tries bounds how often a call is tried that missed its run, because the run left the
// state in which it was found.
const tries = 5

// Cancel implements [store.Asking].
func (s *Store) Cancel(ctx context.Context, k store.Key, by, why string) (store.Run, error) {
	fail := func(err error) (store.Run, error) { return store.Run{}, wrap(ctx, "cancel", err) }
	end, err := s.begin(ctx, s.r.MayWrite)
	if err != nil {
		return fail(err)
	}
	defer end()
	q := (&store.Request{By: by, Why: why, At: s.r.Now()}).Stored()
	wanted := bson.D{{Key: "cancel", Value: request(*q)}, newAsked()}
	key := bson.E{Key: "_id", Value: idOf(k)}
	for range tries {
		raw, err := s.updated(ctx, s.runs, bson.D{key, {Key: "state", Value: store.Waiting}, soundRun},
			set(append(slices.Clone(wanted), bson.E{Key: "state", Value: store.Cancelled}, bson.E{Key: "endedAt", Value: q.At})))
		if raw == nil && err == nil {
			raw, err = s.updated(ctx, s.runs, bson.D{key, {Key: "state", Value: store.Processing}, {Key: "cancel", Value: nil}, soundRun}, set(wanted))
		}
		if err != nil {
			return fail(err)
		}
		if raw != nil {
			s.ring(k.Group)
			r, err := decodeRun(raw)
			if err != nil {
				return fail(err)
			}
			return r, nil
		}
		r, err := s.run(ctx, k)
		switch {
		case err != nil:
			return fail(err)
		case r.State.Ended():
			return fail(fmt.Errorf("%w: run %v is %s", store.ErrState, k, r.State))
		case r.State == store.Processing && r.Cancel != nil:
			return r, nil
		}
	}
	return fail(fmt.Errorf("%w again and again: run %v", store.ErrChanged, k))
}

// Retry implements [store.Asking].
func (s *Store) Retry(ctx context.Context, k store.Key, by string) (store.Run, error) {
	fail := func(err error) (store.Run, error) { return store.Run{}, wrap(ctx, "retry", err) }
	end, err := s.begin(ctx, s.r.MayWrite)
	if err != nil {
		return fail(err)
	}
	defer end()
	var states []store.State
	for _, state := range store.States {
		if state.Retryable() {
			states = append(states, state)
		}
	}
	key := bson.E{Key: "_id", Value: idOf(k)}
	for range tries {
		now := s.r.Now().Truncate(time.Millisecond)
		raw, err := s.updated(ctx, s.runs, bson.D{
			key, {Key: "state", Value: bson.D{{Key: "$in", Value: states}}}, {Key: "open", Value: false}, {Key: pruning, Value: nil}, soundRun,
		}, append(set(bson.D{
			{Key: "state", Value: store.Waiting}, {Key: "open", Value: true}, {Key: listed, Value: true}, {Key: "due", Value: now}, {Key: "failures", Value: int64(0)},
			{Key: "interruptions", Value: int64(0)}, {Key: "remark", Value: store.Retried(by)},
			{Key: "retriedBy", Value: registry.Clip(cmp.Or(by, store.Somebody))}, newAsked(),
		}), bson.E{Key: "$unset", Value: bson.D{{Key: "endedAt", Value: true}, {Key: "cancel", Value: true}}}))
		if err != nil {
			return fail(err)
		}
		retried := raw != nil
		if retried {
			s.ring(k.Group)
		} else {
			if raw, err = s.find(ctx, s.runs, idOf(k)); err != nil {
				return fail(err)
			}
		}
		if raw == nil || !retried && (fields{Raw: raw}).Present(pruning) {
			return fail(noRun(k))
		}
		switch r, err := decodeRun(raw); {
		case err != nil:
			return fail(err)
		case retried:
			return r, nil
		case !r.State.Retryable():
			return fail(fmt.Errorf("%w: run %v is %s", store.ErrState, k, r.State))
		case r.Open:
			return fail(fmt.Errorf("%w: run %v is %s, and what follows its end is not done", store.ErrState, k, r.State))
		}
	}
	return fail(fmt.Errorf("%w again and again: run %v", store.ErrChanged, k))
}
