package attempt

import (
	"context"

	"github.com/understudy-go/understudy/jobs/store"
)

// Store is what an attempt needs of a [store.Store], which documents the methods.
type Store interface {
	Payload(ctx context.Context, k store.Key) ([]byte, error)
	TakeCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int) ([]byte, error)
	SaveCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int, data []byte) error
	SetProgress(ctx context.Context, h store.Holder, k store.Key, attempt int, p store.Progress) (*store.Request, error)
	AppendChunk(ctx context.Context, h store.Holder, k store.Key, attempt, n int, offset int64, data []byte) error
}
