package mongostore

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// AppendChunk implements [store.Holding].
func (s *Store) AppendChunk(ctx context.Context, h store.Holder, k store.Key, attempt, n int, offset int64, chunk []byte) error {
	fail := func(err error) error { return wrap(ctx, "append chunk", err) }
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return fail(err)
	}
	defer end()
	err = k.Check()
	switch {
	case err != nil:
	case k.Group != h.Group:
		err = foreign(k.Group, h)
	case n < 0 || offset < 0:
		err = fmt.Errorf("%w: chunk %d of run %v at offset %d, want 0 or more", registry.ErrCorrupt, n, k, offset)
	default:
		err = store.CheckSize("chunk", chunk, store.MaxChunk)
	}
	if err != nil {
		return fail(err)
	}
	key := chunkOf(k, attempt, n)
	_, err = s.chunks.InsertOne(ctx, bson.D{
		{Key: "_id", Value: key}, {Key: "offset", Value: offset}, {Key: "data", Value: append([]byte{}, chunk...)}, {Key: "schema", Value: int64(store.Schema)},
	})
	switch {
	case err == nil:
		err = s.withRun(ctx, k, s.chunks, bson.D{{Key: "_id", Value: key}})
	case mongoconn.DuplicateID(err):
		err = s.collated(ctx, s.chunks, key, err)
	default:
		err = s.r.Refused(s.chunks, err)
	}
	if err != nil || n < store.MaxChunks {
		return fail(err)
	}
	_, err = s.chunks.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{
		{Key: "$gte", Value: chunkOf(k, attempt, 0)}, {Key: "$lte", Value: chunkOf(k, attempt, n-store.MaxChunks)},
	}}}, options.DeleteMany().SetCollation(s.r.Simple))
	return fail(s.r.Refused(s.chunks, err))
}

func chunkOf(k store.Key, attempt, n int) chunkID {
	return chunkID{k.Group, k.Job, k.Run, int64(attempt), int64(n)}
}

// maxBadChunks bounds after how many chunks that cannot be decoded Chunks gives up.
const maxBadChunks = 1000

// Chunks implements [store.Asking]. It reads the last ones first: an early one may have
// been stored late.
func (s *Store) Chunks(ctx context.Context, k store.Key, attempt, from int) ([]store.Chunk, error) {
	fail := func(err error) ([]store.Chunk, error) { return nil, wrap(ctx, "chunks", err) }
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return fail(err)
	}
	defer end()
	beyond := bson.D{
		{Key: "group", Value: k.Group}, {Key: "job", Value: k.Job}, {Key: "run", Value: k.Run}, {Key: "attempt", Value: int64(attempt)}, {Key: "n", Value: bson.MaxKey{}},
	}
	o := options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(store.MaxChunks + maxBadChunks).SetCollation(s.r.Simple)
	var list []store.Chunk
	var bad []error
	err = each(ctx, s.chunks, bson.D{{Key: "_id", Value: bson.D{
		{Key: "$gte", Value: chunkOf(k, attempt, max(from, 0))}, {Key: "$lt", Value: beyond},
	}}}, o, func(raw bson.Raw) {
		if len(list) == store.MaxChunks {
			return
		}
		c, err := decodeChunk(raw)
		switch {
		case err == nil:
			list = append(list, c)
		case len(bad) < maxBad:
			bad = append(bad, fmt.Errorf("attempt %d of run %.200q: %w", attempt, k.String(), err))
		}
	})
	if err != nil {
		return fail(s.r.Refused(s.chunks, err))
	}
	slices.Reverse(list)
	return list, wrap(ctx, "chunks", store.LeftOut(bad...))
}

func decodeChunk(raw bson.Raw) (c store.Chunk, err error) {
	id, _ := raw.Lookup("_id").DocumentOK()
	d := &decoder{fields: fields{Raw: id}, kind: "chunk's _id"}
	c.N = d.number("n", 0)
	if d.err != nil {
		return store.Chunk{}, d.err
	}
	d = &decoder{fields: fields{Raw: raw}, kind: "chunk", name: fmt.Sprint(c.N)}
	schema := 0
	if err := d.schema(&schema); err != nil {
		return store.Chunk{}, err
	}
	if schema > store.Schema {
		return store.Chunk{}, fmt.Errorf("%w: chunk %d has schema %d, this program knows up to %d: upgrade it", registry.ErrSchema, c.N, schema, store.Schema)
	}
	d.fail(schema >= 1, "schema", "1 or more")
	offset, ok := whole(raw.Lookup("offset"))
	d.fail(ok && offset >= 0, "offset", wantWhole)
	data, ok := d.Bytes("data", store.MaxChunk)
	d.fail(ok, "data", fmt.Sprintf("up to %d bytes", store.MaxChunk))
	if d.err != nil {
		return store.Chunk{}, d.err
	}
	if c.Offset = offset; len(data) > 0 {
		c.Data = data
	}
	return c, nil
}
