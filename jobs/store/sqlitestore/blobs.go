package sqlitestore

import (
	"context"
	"crypto/sha256"
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

const aBlob = aRun + ` AND kind = ?`

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
		if last.term > h.Term || last.term == h.Term && last.attempt > attempt {
			return nil, fmt.Errorf("the checkpoint of %s is that of term %d, attempt %d: %w", k, last.term, last.attempt, store.ErrChanged)
		}
		return last.data, c.saveBlob(k, checkpointKind, h.Term, attempt, next(last.data))
	})
}

// blobRow is a blob as it was read.
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
