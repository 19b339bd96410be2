package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/understudy-go/understudy/internal/mongoconn"
	"github.com/understudy-go/understudy/internal/mongofields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// AppendChunk implements [store.Holding].
func (s *Store) AppendChunk(ctx context.Context, h store.Holder, k store.Key, attempt, n int, chunk []byte) error {
	end, err := s.begin(ctx, s.mayHold)
	if err != nil {
		return wrap(ctx, "append chunk", err)
	}
	defer end()
	err = k.Check()
	switch {
	case err != nil:
	case k.Group != h.Group:
		err = foreign(k.Group, h)
	case n < 0:
		err = fmt.Errorf("%w: chunk %d of run %v, want 0 to %d", registry.ErrCorrupt, n, k, store.MaxChunks-1)
	case n >= store.MaxChunks:
		err = fmt.Errorf("%w: chunk %d of run %v, want 0 to %d", store.ErrTooLarge, n, k, store.MaxChunks-1)
	default:
		err = store.CheckSize("chunk", chunk, store.MaxChunk)
	}
	if err != nil {
		return wrap(ctx, "append chunk", err)
	}
	key := chunkOf(k, attempt, n)
	_, err = s.chunks.InsertOne(ctx, bson.D{{Key: "_id", Value: key}, {Key: "data", Value: chunk}, {Key: "schema", Value: int64(store.Schema)}})
	if mongoconn.DuplicateID(err) {
		return wrap(ctx, "append chunk", s.collated(ctx, s.chunks, key, err))
	}
	return wrap(ctx, "append chunk", s.r.Refused(s.chunks, err))
}

func chunkOf(k store.Key, attempt, n int) chunkID {
	return chunkID{k.Group, k.Job, k.Run, int64(attempt), int64(n)}
}

// Chunks implements [store.Asking].
func (s *Store) Chunks(ctx context.Context, k store.Key, attempt, n int) (list [][]byte, err error) {
	end, err := s.begin(ctx, s.r.MayRead)
	if err != nil {
		return nil, wrap(ctx, "chunks", err)
	}
	defer end()
	n = max(n, 0)
	o := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(store.MaxChunks).SetCollation(s.r.Simple)
	var bad error
	err = each(ctx, s.chunks, bson.D{{Key: "_id", Value: bson.D{
		{Key: "$gte", Value: chunkOf(k, attempt, n)}, {Key: "$lt", Value: chunkOf(k, attempt, store.MaxChunks)},
	}}}, o, func(raw bson.Raw) {
		f := fields{Raw: raw}
		number, _ := mongofields.Integer(raw.Lookup("_id", "n"))
		if bad != nil || number != int64(n+len(list)) {
			return
		}
		chunk, ok := f.Bytes("data", store.MaxChunk)
		if !ok {
			bad = fmt.Errorf("%w: chunk %d of attempt %d of run %.200q is none, or larger than %d bytes", registry.ErrCorrupt, number, attempt, k.String(), store.MaxChunk)
			return
		}
		list = append(list, chunk)
	})
	if err != nil {
		return nil, wrap(ctx, "chunks", s.r.Refused(s.chunks, err))
	}
	return list, wrap(ctx, "chunks", bad)
}
