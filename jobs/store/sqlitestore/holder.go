package sqlitestore

import (
	"context"
	"fmt"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// fence returns ErrSuperseded unless the holder's term is the latest one of the group, is
// open, and is the holder's. Text and blobs sort after all numbers, so a term whose number
// is garbage is the latest one, and is never skipped.
func (c *conn) fence(h store.Holder) error {
	var readable, same, ours, open bool
	found := false
	err := c.Each(func(scan func(dest ...any) error) error {
		found = true
		return scan(&readable, &same, &ours, &open)
	}, `SELECT typeof(number) = 'integer', number IS ?, holder IS ? COLLATE BINARY, endedAt IS NULL FROM terms
		WHERE "group" = ? COLLATE BINARY ORDER BY number DESC LIMIT 1`, h.Term, h.Instance.String(), h.Group)
	switch {
	case err != nil:
		return err
	case found && !readable:
		return fmt.Errorf("%w: the latest term of group %.64q has no number", registry.ErrCorrupt, h.Group)
	case !found || !same || !ours || !open:
		return fmt.Errorf("term %d of group %.64q: %w", h.Term, h.Group, store.ErrSuperseded)
	}
	return nil
}

// Only records whose term makes sense are sealed, those with a lower one than the holder's.
// A waiting run that no holder has written yet has term 0.
const isSealable = ` AND typeof(term) = 'integer' AND term >= ? AND term < ? AND typeof(schema) = 'integer' AND schema BETWEEN 1 AND ?`

// Seal takes the jobs and the waiting runs of a group over.
func (s *Store) Seal(ctx context.Context, h store.Holder) ([]store.Job, error) {
	const name = "seal"
	found, err := holding(ctx, s, name, ofHolder, h, func(c *conn) (found records[store.Job], err error) {
		if err := c.seal("jobs", `WHERE "group" = ?`, `term = ?`, h, 1, h.Term); err != nil {
			return found, err
		}
		if err := c.seal("runs", waitingOfGroup, `term = ?, instance = ?`, h, 0, h.Term, h.Instance.String()); err != nil {
			return found, err
		}
		found.check = h.NoLaterJob
		err = c.jobs(&found, h.Group)
		return found, err
	})
	if err != nil {
		return nil, err
	}
	return found.list, s.unreadable(name, found.errs)
}

// seal takes those records over that a condition selects. A term is at least this one.
func (c *conn) seal(table, where, set string, h store.Holder, least int64, setArgs ...any) error {
	args := []any{h.Group, least, h.Term, store.Schema}
	if _, err := c.Change(`UPDATE `+table+` SET `+set+` `+where+isSealable, append(setArgs, args...)...); err != nil {
		return err
	}
	return c.insist(false, table, where+isSealable, args...)
}

func otherGroup(h store.Holder, group string) error {
	return fmt.Errorf("%w: the record is one of group %.64q, and the holder one of %.64q", registry.ErrCorrupt, group, h.Group)
}
