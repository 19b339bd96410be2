package sqlitestore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// Open returns runs of a group that are open and do not wait.
func (s *Store) Open(ctx context.Context, h store.Holder, except []store.Key, limit int) ([]store.Run, error) {
	const name = "open runs"
	args, others := []any{h.Group}, ""
	if len(except) > 0 {
		keys := [][2]string{}
		for _, k := range except {
			if k.Group == h.Group {
				keys = append(keys, [2]string{k.Job, k.Run})
			}
		}
		list, err := json.Marshal(keys)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		others, args = ` AND ((job, run) IN (SELECT value->>0, value->>1 FROM json_each(?))) IS NOT TRUE`, append(args, string(list))
	}
	return listed(ctx, s, name, func(c *conn) (found records[store.Run], err error) {
		found.check = h.NoLaterRun
		err = c.some(&found, store.Bounded(limit), wholeRun, `WHERE "group" = ? AND open IS NOT 0 AND state IS NOT 'waiting'`+others+` ORDER BY term, job, run`, args...)
		return found, err
	})
}

// Retrying returns which jobs have runs that wait for another attempt.
func (s *Store) Retrying(ctx context.Context, group string) (map[string]string, error) {
	keys, err := listed(ctx, s, "retrying runs", func(c *conn) (found records[store.Key], err error) {
		err = c.each(func(scan func(dest ...any) error) error {
			var job, run any
			if err := scan(&job, &run); err != nil {
				return err
			}
			return found.add(decodeKey(group, job, run))
		}, `SELECT `+values(runKey[1:])+` FROM runs `+waitingOfGroup+` AND attempt > 0 AND typeof(attempt) = 'integer'`, group)
		return found, err
	})
	greatest := map[string]string{}
	for _, k := range keys {
		greatest[k.Job] = max(greatest[k.Job], k.Run)
	}
	return greatest, err
}

// due is what waits.
type due struct {
	records[store.Run]
	next time.Time
}

// Due returns waiting runs that are due, and when the next one is that is not yet.
func (s *Store) Due(ctx context.Context, h store.Holder, now time.Time, except []string, limit int) ([]store.Run, time.Time, error) {
	const name = "due runs"
	now = store.Instant(now)
	args := []any{h.Group, now.UnixMilli()}
	others := ""
	if len(except) > 0 {
		// One list of any length makes one statement.
		list, err := json.Marshal(except)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("%s: %w", name, err)
		}
		others, args = ` AND (job IN (SELECT value FROM json_each(?))) IS NOT TRUE`, append(args, string(list))
	}
	found, err := reading(ctx, s, name, func(c *conn) (found due, err error) {
		found.check = h.NoLaterRun
		// The plus keeps SQLite from reading all that is due and sorting it.
		err = c.some(&found.records, store.Bounded(limit), wholeRun,
			waitingOfGroup+` AND +due <= ?`+others+` ORDER BY priority DESC, due, job, run`, args...)
		if err != nil {
			return found, err
		}
		// One whose due time is garbage would wait for ever, unseen.
		for _, garbage := range []string{` AND due IS NULL`, fmt.Sprintf(` AND due >= %d`, int64(store.LatestInstant))} {
			err := c.eachRun(func(run store.Run, bad error) error {
				_ = found.add(run, bad)
				return errEnough
			}, wholeRun, waitingOfGroup+garbage+` ORDER BY due LIMIT 1`, h.Group)
			if err != nil {
				return found, err
			}
		}
		err = c.eachRun(func(run store.Run, bad error) error {
			if bad = cmp.Or(bad, h.NoLaterRun(run)); bad != nil {
				return found.add(run, bad)
			}
			found.next = run.Due
			return errEnough
		}, listedRun, waitingOfGroup+` AND due > ?`+others+fmt.Sprintf(` AND due < %d ORDER BY due`, int64(store.LatestInstant)), args...)
		return found, err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return found.list, found.next, s.unreadable(name, found.errs)
}

// Run returns a run, or ErrNoRun.
func (s *Store) Run(ctx context.Context, k store.Key) (store.Run, error) {
	const name = "run"
	r, err := reading(ctx, s, name, func(c *conn) (*store.Run, error) { return c.run(k) })
	switch {
	case err != nil:
		return store.Run{}, err
	case r == nil:
		return store.Run{}, s.named(name, noRun(k))
	}
	return *r, nil
}

// Runs returns the runs that a filter lets through, the last made first.
func (s *Store) Runs(ctx context.Context, group string, f store.Filter) ([]store.Run, error) {
	limit := store.Bounded(f.Limit)
	latest := int64(store.LatestInstant) - 1
	ties := int64(-1) // no run was made then
	if before := store.Instant(f.Before.At); !before.IsZero() {
		latest = before.UnixMilli()
		ties = latest
	}
	return listed(ctx, s, "runs", func(c *conn) (found records[store.Run], err error) {
		where, args := `WHERE "group" = ?`, []any{group}
		if f.Job != "" {
			where, args = where+` AND job = ?`, append(args, f.Job)
		}
		part := func(where string, args []any) error {
			args = append(slices.Clip(args), max(store.Instant(f.Since).UnixMilli(), 1), latest, ties, f.Before.Job, f.Before.Key.Run)
			return c.some(&found, limit, listedRun, where+` AND at BETWEEN ? AND ? AND NOT (at = ? AND (job, run) >= (?, ?))
				ORDER BY at DESC, job DESC, run DESC`, args...)
		}
		if len(f.States) == 0 {
			if err := part(where, args); err != nil || ties >= 0 || limit == 0 {
				return found, err
			}
			// Those whose time is garbage are on no page.
			for _, garbage := range []string{` AND at IS NULL`, ` AND at < 1`, fmt.Sprintf(` AND at >= %d`, int64(store.LatestInstant))} {
				if err := c.eachRun(func(run store.Run, bad error) error { return found.add(run, bad) }, listedRun, where+garbage+` LIMIT 1`, args...); err != nil {
					return found, err
				}
			}
			return found, nil
		}
		for _, state := range slices.Compact(slices.Sorted(slices.Values(f.States))) {
			if err := part(where+` AND state = ?`, append(slices.Clip(args), string(state))); err != nil {
				return found, err
			}
		}
		slices.SortFunc(found.list, func(a, b store.Run) int {
			return -cmp.Or(a.At.Compare(b.At), strings.Compare(a.Job, b.Job), strings.Compare(a.Key.Run, b.Key.Run))
		})
		found.list = found.list[:min(limit, len(found.list))]
		return found, nil
	})
}

// Queue returns what waits of each job.
func (s *Store) Queue(ctx context.Context, group string, now time.Time) (map[string]store.Queue, error) {
	const name = "queue"
	type queues struct {
		of   map[string]store.Queue
		errs []error
	}
	found, err := reading(ctx, s, name, func(c *conn) (found queues, err error) {
		found.of = map[string]store.Queue{}
		err = c.Each(func(scan func(dest ...any) error) error {
			var job, oldest any
			var n int
			if err := scan(&job, &n, &oldest); err != nil {
				return err
			}
			var d sqlitefields.Decoder
			name, at := sqlitefields.Vital(&d, "job", job, exact(store.MaxJob)), sqlitefields.Vital(&d, "due", oldest, date)
			err := d.Result(nil)
			if err == nil && store.CheckJob(name) != nil {
				err = fmt.Errorf("%w: %w", registry.ErrCorrupt, store.CheckJob(name))
			}
			if err != nil {
				if len(found.errs) < maxErrors {
					found.errs = append(found.errs, err)
				}
				return nil
			}
			found.of[name] = store.Queue{Waiting: n, Oldest: at}
			return nil
		}, `SELECT `+runKey[1].value()+`, n, oldest FROM (SELECT job, count(*) AS n, min(due) AS oldest FROM runs `+waitingOfGroup+`
			AND due BETWEEN 1 AND ? GROUP BY job LIMIT ?)`, group, store.Instant(now).UnixMilli(), store.MaxJobs)
		return found, err
	})
	if err != nil {
		return nil, err
	}
	return found.of, s.unreadable(name, found.errs)
}

// Jobs returns the jobs of a group.
func (s *Store) Jobs(ctx context.Context, group string) ([]store.Job, error) {
	return listed(ctx, s, "jobs", func(c *conn) (found records[store.Job], err error) {
		err = c.jobs(&found, group)
		return found, err
	})
}
