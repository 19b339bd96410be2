package mongostore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

func payloadID(k store.Key, blob uuid.UUID) blobID {
	return blobID{k.Group, k.Job, k.Run, "payload:" + blob.String()}
}

func checkpointID(k store.Key) blobID { return blobID{k.Group, k.Job, k.Run, "checkpoint"} }

// Payload implements [store.Asking].
func (s *Store) Payload(ctx context.Context, k store.Key) ([]byte, error) {
	fail := func(err error) ([]byte, error) { return nil, wrap(ctx, "payload", err) }
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return fail(err)
	}
	defer end()
	raw, err := s.find(ctx, s.runs, idOf(k), "payload", "blob")
	if err != nil {
		return fail(err)
	}
	if raw == nil {
		return fail(noRun(k))
	}
	d := &decoder{fields: fields{Raw: raw}, kind: "run", name: fmt.Sprintf("%.200q", k.String())}
	digest, blob := d.digest("payload"), d.id("blob")
	if d.err != nil || digest == (store.Digest{}) {
		return fail(d.err)
	}
	raw, err = s.find(ctx, s.blobs, payloadID(k, blob))
	if err != nil {
		return fail(err)
	}
	payload, ok := fields{Raw: raw}.Bytes("data", store.MaxPayload)
	if !ok || sha256.Sum256(payload) != digest {
		what := "is missing"
		if ok {
			what = "is another one than the run was triggered with"
		}
		return fail(fmt.Errorf("%w: run %.200q: its payload %s", registry.ErrCorrupt, k.String(), what))
	}
	return payload, nil
}

// SaveCheckpoint implements [store.Holding].
func (s *Store) SaveCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int, checkpoint []byte) error {
	err := store.CheckSize("checkpoint", checkpoint, store.MaxBlob)
	if err == nil {
		_, err = s.checkpoint(ctx, h, k, attempt, bson.D{{Key: "data", Value: data(checkpoint)}}, "term")
	}
	return wrap(ctx, "save checkpoint", err)
}

// TakeCheckpoint implements [store.Holding]. It makes a record if there is none, so that
// what an earlier attempt still saves is refused.
func (s *Store) TakeCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int) ([]byte, error) {
	fail := func(err error) ([]byte, error) { return nil, wrap(ctx, "take checkpoint", err) }
	raw, err := s.checkpoint(ctx, h, k, attempt, nil, "data")
	if err != nil {
		return fail(err)
	}
	f := fields{Raw: raw}
	checkpoint, ok := f.Bytes("data", store.MaxBlob)
	if f.Present("data") && !ok {
		return fail(fmt.Errorf("%w: run %.200q: its checkpoint is none, or larger than %d bytes", registry.ErrCorrupt, k.String(), store.MaxBlob))
	}
	if len(checkpoint) == 0 {
		return nil, nil
	}
	return checkpoint, nil
}

// checkpoint writes to the record of a checkpoint, unless a later term or attempt has
// taken it over. It is an upsert: if there is a record that its filter does not match, the
// unique _id refuses another one. It returns the record before, nil if there was none.
func (s *Store) checkpoint(ctx context.Context, h store.Holder, k store.Key, attempt int, write bson.D, field string) (bson.Raw, error) {
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := k.Check(); err != nil {
		return nil, err
	}
	if k.Group != h.Group {
		return nil, foreign(k.Group, h)
	}
	key := checkpointID(k)
	earlier := bson.E{Key: "$or", Value: bson.A{
		bson.D{below(h.Term)},
		bson.D{{Key: "term", Value: h.Term}, {Key: "attempt", Value: bson.D{{Key: "$lte", Value: int64(attempt)}}}},
	}}
	raw, err := s.blobs.FindOneAndUpdate(ctx,
		bson.D{{Key: "_id", Value: key}, earlier, soundCheckpoint},
		set(append(write, bson.E{Key: "term", Value: h.Term}, bson.E{Key: "attempt", Value: int64(attempt)}, bson.E{Key: "schema", Value: int64(store.Schema)})),
		options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.Before).SetProjection(only(field)).SetCollation(s.r.Simple),
	).Raw()
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, mongo.ErrNoDocuments): // there was none, and now there is one
		return nil, s.withRun(ctx, k, s.blobs, bson.D{{Key: "_id", Value: key}, {Key: "term", Value: h.Term}, {Key: "attempt", Value: int64(attempt)}})
	}
	if !mongoconn.DuplicateID(err) {
		return nil, s.r.Refused(s.blobs, err)
	}
	if refused := s.collated(ctx, s.blobs, key, err); refused != nil {
		return nil, refused
	}
	raw, err = s.find(ctx, s.blobs, key, "term", "attempt", "schema")
	if err != nil {
		return nil, err
	}
	d := &decoder{fields: fields{Raw: raw}, kind: "checkpoint", name: fmt.Sprintf("of run %.200q", k.String())}
	schema := 0
	err = d.schema(&schema)
	term, last := d.term("term"), d.number("attempt", 0)
	switch {
	case schema > store.Schema:
		return nil, fmt.Errorf("%w: the checkpoint of run %.200q has schema %d, this program knows up to %d: upgrade it", registry.ErrSchema, k.String(), schema, store.Schema)
	case raw != nil && cmp.Or(err, d.err) != nil:
		return nil, cmp.Or(err, d.err)
	}
	return nil, fmt.Errorf("%w: attempt %d of term %d has the checkpoint of run %v", store.ErrChanged, last, term, k)
}
