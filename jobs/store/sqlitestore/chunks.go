package sqlitestore

import (
	"context"
	"fmt"
	"slices"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

const (
	anOutput = aRun + ` AND attempt = ?`
	aChunk   = anOutput + ` AND n = ?`
)

// AppendChunk stores a chunk of the live output of an attempt.
func (s *Store) AppendChunk(ctx context.Context, h store.Holder, k store.Key, attempt, n int, offset int64, content []byte) error {
	const name = "append chunk"
	err := store.CheckSize("chunk", content, store.MaxChunk)
	switch {
	case err == nil && (n < 0 || offset < 0):
		err = fmt.Errorf("%w: chunk %d at offset %d, want 0 or more", registry.ErrCorrupt, n, offset)
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
		err = c.change(`INSERT INTO chunks ("group", job, run, attempt, n, "offset", data) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT ("group", job, run, attempt, n) DO NOTHING`, append(args[:5:5], offset, content), "chunks", aChunk, args...)
		if err != nil || n < store.MaxChunks {
			return none, err
		}
		old := append(keyArgs(k), attempt, n-store.MaxChunks)
		const older = anOutput + ` AND n <= ?`
		if _, err := c.Change(`DELETE FROM chunks `+older, old...); err != nil {
			return none, err
		}
		return none, c.insist(false, "chunks", older, old...)
	})
	return err
}

// Chunks returns the last chunks of an attempt's live output.
func (s *Store) Chunks(ctx context.Context, k store.Key, attempt, from int) ([]store.Chunk, error) {
	list, err := listed(ctx, s, "chunks", func(c *conn) (found records[store.Chunk], err error) {
		err = c.each(func(scan func(dest ...any) error) error {
			var n, offset, content any
			if err := scan(&n, &offset, &content); err != nil {
				return err
			}
			chunk, err := decodeChunk(n, offset, content)
			if err != nil {
				err = fmt.Errorf("a chunk of attempt %d of %s: %w", attempt, k, err)
			}
			if err := found.add(chunk, err); err != nil || len(found.list) < store.MaxChunks {
				return err
			}
			return errEnough
		}, `SELECT `+values([]column{{`n`, number, 0}, {`"offset"`, number, 0}, {`data`, bytes, store.MaxChunk}})+` FROM chunks `+anOutput+`
			AND n >= ? ORDER BY n DESC`, append(keyArgs(k), attempt, max(from, 0))...)
		return found, err
	})
	slices.Reverse(list)
	return list, err
}

func decodeChunk(n, offset, content any) (store.Chunk, error) {
	var d sqlitefields.Decoder
	chunk := store.Chunk{
		N:      sqlitefields.Vital(&d, "n", n, natural),
		Offset: sqlitefields.Vital(&d, "offset", offset, position),
		Data:   sqlitefields.Vital(&d, "data", content, blob),
	}
	return chunk, d.Result(nil)
}

func natural(stored any) (int, bool) {
	n, ok := small(stored)
	return n, ok && n >= 0
}

func position(stored any) (int64, bool) {
	n, ok := sqlitefields.Integer(stored)
	return n, ok && n >= 0
}
