package sqlitestore

import (
	"context"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// prunable selects the runs of a job that nobody needs any more.
const prunable = `WHERE "group" = ? AND job = ? AND at <= ? AND typeof(at) = 'integer' AND open = 0 AND state IN
	('completed', 'failed', 'timed out', 'exited', 'skipped', 'cancelled')
	AND typeof(endedAt) = 'integer' AND endedAt <= ? AND (slot IS NULL OR typeof(slot) = 'integer' AND slot <= ?)
	AND typeof(run) = 'text' AND octet_length(run) <= ? AND typeof(schema) = 'integer' AND schema BETWEEN 1 AND ?`

// Prune deletes ended runs of a job, the oldest first.
func (s *Store) Prune(ctx context.Context, h store.Holder, job string, before time.Time, keep, limit int) (int, error) {
	const name = "prune"
	last := store.Instant(before).UnixMilli()
	limit, keep = store.Bounded(limit), max(keep, 0)
	return holding(ctx, s, name, ofHolder, h, func(c *conn) (int, error) {
		mark := int64(-1)
		j, err := c.job(h.Group, job)
		switch {
		case err != nil:
			return 0, err
		case j != nil && !j.Mark.IsZero():
			mark = j.Mark.UnixMilli()
		}
		var oldest []string
		found := 0
		err = c.Each(func(scan func(dest ...any) error) error {
			var run any
			if err := scan(&run); err != nil {
				return err
			}
			id, ok := run.(string)
			if !ok {
				return fmt.Errorf("%w: a run of %.100q has no ID", registry.ErrCorrupt, job)
			}
			if found++; len(oldest) < limit {
				oldest = append(oldest, id)
			}
			return nil
		}, `SELECT `+runKey[2].value()+` FROM runs `+prunable+` ORDER BY at, runs.run LIMIT ?`,
			h.Group, job, last, last, mark, store.MaxRunID, store.Schema, limit+min(keep, 1<<30))
		if err != nil {
			return 0, err
		}
		oldest = oldest[:min(len(oldest), max(found-keep, 0))]
		for _, id := range oldest {
			if err := c.deleteRun(store.Key{Group: h.Group, Job: job, Run: id}); err != nil {
				return 0, err
			}
		}
		return len(oldest), nil
	})
}

// deleteRun deletes a run and what belongs to it.
func (c *conn) deleteRun(k store.Key) error {
	for _, table := range []string{"chunks", "blobs", "runs"} {
		if _, err := c.Change(`DELETE FROM `+table+` `+aRun, keyArgs(k)...); err != nil {
			return err
		}
		if err := c.insist(false, table, aRun, keyArgs(k)...); err != nil {
			return err
		}
	}
	return nil
}
