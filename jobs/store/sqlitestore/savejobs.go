package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// saved says why jobs were not written.
type saved struct {
	changed error
	errs    []error // of records that cannot be understood
}

// SaveJobs writes all of the jobs' records but what people ask for.
func (s *Store) SaveJobs(ctx context.Context, h store.Holder, jobs []store.Job) error {
	const name = "save jobs"
	if len(jobs) > store.MaxPage {
		return fmt.Errorf("%s: %w: %d jobs, want up to %d", name, store.ErrTooLarge, len(jobs), store.MaxPage)
	}
	list := make([]store.Job, 0, len(jobs))
	for _, j := range jobs {
		j.Term, j.Paused, j.Resumed = h.Term, nil, time.Time{}
		j, err := j.Stored()
		if err == nil && j.Group != h.Group {
			err = otherGroup(h, j.Group)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, j)
	}
	done, err := holding(ctx, s, name, ofHolder, h, func(c *conn) (done saved, err error) {
		for _, j := range list {
			err := c.saveJob(h, j)
			switch {
			case registry.Unreadable(err):
				if len(done.errs) < maxErrors {
					done.errs = append(done.errs, err)
				}
			case errors.Is(err, store.ErrChanged):
				done.changed = err
			case err != nil:
				return done, err
			}
		}
		return done, nil
	})
	switch {
	case err != nil:
		return err
	case done.changed != nil:
		return s.named(name, done.changed)
	}
	return s.unreadable(name, done.errs)
}

// saveJob writes a job of the holder that Stored has returned.
func (c *conn) saveJob(h store.Holder, j store.Job) error {
	before, err := c.job(j.Group, j.Name)
	if err != nil {
		return err
	}
	written := aJob + ` AND term = ? AND revision = ?`
	args := []any{j.Group, j.Name, j.Term, j.Revision}
	if before == nil {
		return c.change(insertJob, jobValues(j), "jobs", written, args...)
	}
	if err := h.NoLaterJob(*before); err != nil {
		return err
	}
	if before.Term == j.Term && before.Revision >= j.Revision {
		return fmt.Errorf("job %s has term %d and revision %d: %w", j.Name, before.Term, before.Revision, store.ErrChanged)
	}
	return c.change(`UPDATE jobs SET mark = ?, hash = ?, since = ?, digest = ?, term = ?, revision = ?, schedule = ?, zone = ?, description = ?,
		next = ?, gone = ?, schema = ? `+aJob,
		[]any{millis(j.Mark), j.Hash, millis(j.Since), j.Digest, j.Term, j.Revision, j.Schedule, j.Zone, j.Description,
			millis(j.Next), flag(j.Gone), j.Schema, j.Group, j.Name}, "jobs", written, args...)
}
