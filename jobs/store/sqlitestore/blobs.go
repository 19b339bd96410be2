package sqlitestore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// The kinds of blobs of a run.
const (
	payloadKind    = "payload"
	checkpointKind = "checkpoint"
)

const (
	aBlob  = aRun + ` AND kind = ?`
	aChunk = aRun + ` AND attempt = ? AND n = ?`
)

// Payload returns the payload of a run.
func (s *Store) Payload(ctx context.Context, k store.Key) ([]byte, error) {
	const name = "payload"
	type payload struct {
		run  *store.Run
		data []byte
	}
	found, err := reading(ctx, s, name, func(c *conn) (found payload, err error) {
		if found.run, err = c.run(k); err != nil || found.run == nil || found.run.Payload == (store.Digest{}) {
			return found, err
		}
		b, err := c.blob(k, payloadKind, store.MaxPayload)
		switch {
		case err != nil:
			return found, err
		case b == nil:
			return found, fmt.Errorf("%w: the payload of %s is missing", registry.ErrCorrupt, k)
		case sha256.Sum256(b.data) != found.run.Payload:
			return found, fmt.Errorf("%w: the payload of %s is not the one that was submitted", registry.ErrCorrupt, k)
		}
		found.data = b.data
		return found, nil
	})
	if err == nil && found.run == nil {
		err = s.named(name, noRun(k))
	}
	return found.data, err
}

// SaveCheckpoint stores the checkpoint of a run's attempt.
func (s *Store) SaveCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int, data []byte) error {
	const name = "save checkpoint"
	if err := store.CheckSize("checkpoint", data, store.MaxBlob); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	content := append([]byte{}, data...)
	_, err := s.checkpoint(ctx, name, h, k, attempt, func([]byte) []byte { return content })
	return err
}

// TakeCheckpoint returns the last checkpoint of a run, and takes it over for an attempt.
func (s *Store) TakeCheckpoint(ctx context.Context, h store.Holder, k store.Key, attempt int) ([]byte, error) {
	return s.checkpoint(ctx, "take checkpoint", h, k, attempt, func(last []byte) []byte { return last })
}

// checkpoint replaces the checkpoint of a run and returns the one before. ErrChanged: a
// later attempt has taken it over.
func (s *Store) checkpoint(ctx context.Context, name string, h store.Holder, k store.Key, attempt int, next func(last []byte) []byte) ([]byte, error) {
	if k.Group != h.Group {
		return nil, fmt.Errorf("%s: %w", name, otherGroup(h, k.Group))
	}
	return holding(ctx, s, name, ofHolder, h, func(c *conn) ([]byte, error) {
		if _, err := c.mustRun(k); err != nil {
			return nil, err
		}
		last, err := c.blob(k, checkpointKind, store.MaxBlob)
		if err != nil {
			return nil, err
		}
		if last == nil {
			return nil, c.saveBlob(k, checkpointKind, h.Term, attempt, next(nil))
		}
		if last.term > h.Term || last.attempt > attempt {
			return nil, fmt.Errorf("the checkpoint of %s is that of term %d, attempt %d: %w", k, last.term, last.attempt, store.ErrChanged)
		}
		return last.data, c.saveBlob(k, checkpointKind, h.Term, attempt, next(last.data))
	})
}

// aBlobRow is a blob as it was read.
type blobRow struct {
	term    int64
	attempt int
	data    []byte
}

// blob returns a blob of a run, or nil if there is none.
func (c *conn) blob(k store.Key, kind string, most int) (found *blobRow, err error) {
	err = c.Each(func(scan func(dest ...any) error) error {
		var term, attempt, content any
		if err := scan(&term, &attempt, &content); err != nil {
			return err
		}
		var d sqlitefields.Decoder
		found = &blobRow{sqlitefields.Vital(&d, "term", term, sqlitefields.Integer), sqlitefields.Vital(&d, "attempt", attempt, small), optional(&d, "data", content, blob)}
		if err := d.Result(nil); err != nil {
			return fmt.Errorf("the %s of %s: %w", kind, k, err)
		}
		return nil
	}, `SELECT `+values([]column{{`term`, number, 0}, {`attempt`, number, 0}, {`data`, bytes, most}})+` FROM blobs `+aBlob, append(keyArgs(k), kind)...)
	return found, err
}

// saveBlob writes a blob of a run.
func (c *conn) saveBlob(k store.Key, kind string, term int64, attempt int, content []byte) error {
	return c.change(`INSERT INTO blobs ("group", job, run, kind, term, attempt, data) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT ("group", job, run, kind) DO UPDATE SET term = excluded.term, attempt = excluded.attempt, data = excluded.data`,
		append(keyArgs(k), kind, term, attempt, data(content)), "blobs", aBlob+` AND term = ? AND attempt = ? AND octet_length(data) IS ?`,
		append(keyArgs(k), kind, term, attempt, length(content))...)
}

// length returns the length of a value as SQLite knows it.
func length(content []byte) any {
	if len(content) == 0 {
		return nil
	}
	return len(content)
}

// AppendChunk stores a chunk of the live output of an attempt.
func (s *Store) AppendChunk(ctx context.Context, h store.Holder, k store.Key, attempt, n int, content []byte) error {
	const name = "append chunk"
	err := store.CheckSize("chunk", content, store.MaxChunk)
	switch {
	case err == nil && n >= store.MaxChunks:
		err = fmt.Errorf("%w: chunk %d, want a number below %d", store.ErrTooLarge, n, store.MaxChunks)
	case err == nil && n < 0:
		err = fmt.Errorf("%w: chunk %d, want 0 or more", registry.ErrCorrupt, n)
	case err == nil && k.Group != h.Group:
		err = otherGroup(h, k.Group)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	content = append([]byte{}, content...)
	_, err = holding(ctx, s, name, ofOutput, h, func(c *conn) (none struct{}, err error) {
		if found, err := c.exists("runs", aRun, keyArgs(k)...); err != nil || !found {
			if err == nil {
				err = noRun(k)
			}
			return none, err
		}
		args := append(keyArgs(k), attempt, n)
		return none, c.change(`INSERT INTO chunks ("group", job, run, attempt, n, data) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT ("group", job, run, attempt, n) DO NOTHING`, append(args[:5:5], content), "chunks", aChunk, args...)
	})
	return err
}

// Chunks returns the chunks of an attempt's live output from number n on.
func (s *Store) Chunks(ctx context.Context, k store.Key, attempt, n int) ([][]byte, error) {
	type chunks struct {
		list [][]byte
		errs []error
	}
	const name = "chunks"
	n = max(n, 0)
	found, err := reading(ctx, s, name, func(c *conn) (found chunks, err error) {
		err = c.Each(func(scan func(dest ...any) error) error {
			var at, content any
			if err := scan(&at, &content); err != nil {
				return err
			}
			number, ok := sqlitefields.Integer(at)
			if !ok || number != int64(n+len(found.list)) {
				return errEnough
			}
			b, ok := content.([]byte)
			if !ok {
				found.errs = append(found.errs, fmt.Errorf("%w: chunk %d of %s is no bytes, or more than %d", registry.ErrCorrupt, number, k, store.MaxChunk))
				return errEnough
			}
			found.list = append(found.list, b)
			return nil
		}, `SELECT `+values([]column{{`n`, number, 0}, {`data`, bytes, store.MaxChunk}})+` FROM chunks `+aRun+`
			AND attempt = ? AND n >= ? AND n < ? ORDER BY n`, append(keyArgs(k), attempt, n, store.MaxChunks)...)
		if errors.Is(err, errEnough) {
			err = nil
		}
		return found, err
	})
	if err != nil {
		return nil, err
	}
	return found.list, s.unreadable(name, found.errs)
}
