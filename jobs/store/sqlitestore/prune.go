package sqlitestore

import (
	"context"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// pruneStep is how many runs a transaction deletes. While it does, no beat can be written,
// and a run may have megabytes of output.
const pruneStep = 20

// retention says which runs of a job are kept.
type retention struct {
	store.Prunable
	mark time.Time
}

// prunable reports whether nobody needs a run any more.
func (m retention) prunable(r store.Run) bool {
	return !m.Spares(r) && (r.Slot.IsZero() || !r.Slot.After(m.mark))
}

// Prune deletes ended runs of a job, the oldest first.
func (s *Store) Prune(ctx context.Context, h store.Holder, job string, p store.Prunable, limit int) (int, error) {
	const name = "prune"
	p.Before, p.FailedBefore = store.Instant(p.Before), store.Instant(p.FailedBefore)
	limit = store.Bounded(limit)
	keep := min(max(p.Keep, 0), 1<<30)
	var oldest []store.Key
	var last store.Run
	// It reads a page at a time, so that others can read in between.
	found := 0
	for more := true; more && found < limit+keep; {
		n := min(limit+keep-found, store.MaxPage)
		page, err := reading(ctx, s, name, func(c *conn) ([]store.Run, error) { return c.oldest(h.Group, job, p, last, n) })
		if err != nil {
			return 0, err
		}
		for _, r := range page {
			if last = r; len(oldest) < limit {
				oldest = append(oldest, r.Key)
			}
		}
		found += len(page)
		more = len(page) == n
	}
	oldest = oldest[:min(len(oldest), max(found-keep, 0))]
	deleted := 0
	for first := true; first || len(oldest) > 0; first = false {
		step := oldest[:min(pruneStep, len(oldest))]
		oldest = oldest[len(step):]
		n, err := holding(ctx, s, name, ofHolder, h, func(c *conn) (int, error) { return c.deleteRuns(step, job, h.Group, p) })
		if deleted += n; err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// retention returns which runs of a job are kept now.
func (c *conn) retention(group, job string, p store.Prunable) (retention, error) {
	j, err := c.job(group, job)
	if err != nil || j == nil {
		return retention{Prunable: p}, err
	}
	return retention{p, j.Mark}, nil
}

// oldest returns up to n runs that can be pruned, the oldest first, from the one on that
// comes after last.
func (c *conn) oldest(group, job string, p store.Prunable, last store.Run, n int) ([]store.Run, error) {
	m, err := c.retention(group, job, p)
	if err != nil {
		return nil, err
	}
	var found records[store.Run]
	err = c.eachRun(func(r store.Run, bad error) error {
		if bad == nil && !m.prunable(r) {
			return nil
		}
		if err := found.add(r, bad); err != nil || len(found.list) < n {
			return err
		}
		return errEnough
	}, listedRun, `WHERE "group" = ? AND job = ? AND at BETWEEN ? AND ? AND NOT (at = ? AND run <= ?)
		AND open = 0 AND endedAt <= ? AND (slot IS NULL OR slot <= ?) ORDER BY at, run`,
		group, job, max(last.At.UnixMilli(), 1), p.Before.UnixMilli(), last.At.UnixMilli(), last.Key.Run, p.Before.UnixMilli(), m.mark.UnixMilli())
	return found.list, err
}

// deleteRuns deletes those of some runs that still can be pruned: one may have been retried
// meanwhile.
func (c *conn) deleteRuns(keys []store.Key, job, group string, p store.Prunable) (deleted int, err error) {
	m, err := c.retention(group, job, p)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		r, err := c.run(k)
		if err != nil && !registry.Unreadable(err) {
			return 0, err
		}
		if err != nil || r == nil || !m.prunable(*r) {
			continue
		}
		if err := c.deleteRun(k); err != nil {
			return 0, err
		}
		deleted++
	}
	return deleted, nil
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
