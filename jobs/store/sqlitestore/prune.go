package sqlitestore

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
)

// prunable selects the runs of a job that nobody needs any more.
const prunable = `WHERE "group" = ? AND job = ? AND at <= ? AND open = 0
	AND endedAt <= ? AND (slot IS NULL OR slot BETWEEN 1 AND ?)`

// Prune deletes ended runs of a job, the oldest first.
func (s *Store) Prune(ctx context.Context, h store.Holder, job string, before time.Time, keep, limit int) (int, error) {
	const name = "prune"
	last := store.Instant(before).UnixMilli()
	limit, keep = store.Bounded(limit), min(max(keep, 0), 1<<30)
	return holding(ctx, s, name, ofHolder, h, func(c *conn) (int, error) {
		mark := int64(-1)
		j, err := c.job(h.Group, job)
		switch {
		case err != nil:
			return 0, err
		case j != nil && !j.Mark.IsZero():
			mark = j.Mark.UnixMilli()
		}
		var oldest []store.Key
		found := 0
		err = c.eachRun(func(r store.Run, bad error) error {
			if bad != nil || !r.State.Ended() {
				return nil
			}
			if found++; len(oldest) < limit {
				oldest = append(oldest, r.Key)
			}
			if found >= limit+keep {
				return errEnough
			}
			return nil
		}, listedRun, prunable+` ORDER BY at, run`, h.Group, job, last, last, mark)
		if err != nil {
			return 0, err
		}
		oldest = oldest[:min(len(oldest), max(found-keep, 0))]
		for _, k := range oldest {
			if err := c.deleteRun(k); err != nil {
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
