package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/internal/sqlitefile"
	"github.com/understudy-go/understudy/jobs/store"
)

// Cancel cancels a run that waits, and asks the holder to cancel one that is processed.
func (s *Store) Cancel(ctx context.Context, k store.Key, by, why string) (store.Run, error) {
	return s.changeRun(ctx, "cancel", k, func(r *store.Run) error {
		request := &store.Request{By: by, Why: why, At: now()}
		switch {
		case r.State.Ended():
			return fmt.Errorf("%s is %s: %w", k, r.State, store.ErrState)
		case r.State == store.Waiting:
			r.State, r.EndedAt, r.Cancel = store.Cancelled, request.At, request
		case r.Cancel == nil:
			r.Cancel = request
		}
		return nil
	})
}

// Retry makes a run wait again that has ended without success.
func (s *Store) Retry(ctx context.Context, k store.Key, by string) (store.Run, error) {
	return s.changeRun(ctx, "retry", k, func(r *store.Run) error {
		switch {
		case !r.State.Retryable():
			return fmt.Errorf("%s is %s: %w", k, r.State, store.ErrState)
		case r.Open:
			return fmt.Errorf("%s is %s, and what follows its end is not done: %w", k, r.State, store.ErrState)
		}
		r.State, r.Open, r.Due, r.EndedAt, r.Cancel = store.Waiting, true, now(), time.Time{}, nil
		r.Failures, r.Interruptions, r.Remark, r.RetriedBy = 0, 0, store.Retried(by), cmp.Or(by, store.Somebody)
		return nil
	})
}

// changeRun changes a run, whatever its term is.
func (s *Store) changeRun(ctx context.Context, name string, k store.Key, change func(r *store.Run) error) (store.Run, error) {
	return writing(ctx, s, name, ofPeople, func(c *conn) (none store.Run, err error) {
		r, err := c.mustRun(k)
		if err == nil {
			err = change(&r)
		}
		if err == nil {
			r, err = r.Stored()
		}
		if err == nil {
			err = c.updateRun(r)
		}
		if err != nil {
			return none, err
		}
		return r, c.announce(k.Group)
	})
}

// Pause pauses a job, if it is not paused.
func (s *Store) Pause(ctx context.Context, group, job, by, why string) (store.Job, error) {
	return s.changeJob(ctx, "pause", group, job, func(j *store.Job) {
		if j.Paused == nil {
			j.Paused = (&store.Request{By: by, Why: why, At: now()}).Stored()
		}
	})
}

// Resume undoes Pause.
func (s *Store) Resume(ctx context.Context, group, job string) (store.Job, error) {
	return s.changeJob(ctx, "resume", group, job, func(j *store.Job) {
		if j.Paused != nil {
			j.Paused, j.Resumed = nil, now()
		}
	})
}

// changeJob changes whether a job is paused.
func (s *Store) changeJob(ctx context.Context, name, group, job string, change func(j *store.Job)) (store.Job, error) {
	return writing(ctx, s, name, ofPeople, func(c *conn) (none store.Job, err error) {
		j, err := c.job(group, job)
		switch {
		case err != nil:
			return none, err
		case j == nil:
			return none, fmt.Errorf("%.100q: %w", job, store.ErrNoJob)
		}
		before := j.Paused
		if change(j); j.Paused == before {
			return *j, nil
		}
		by, why, at := askedBy(j.Paused)
		resumed := millis(j.Resumed)
		err = c.change(`UPDATE jobs SET pausedBy = ?, pausedWhy = ?, pausedAt = ?, resumed = ? `+aJob, []any{by, why, at, resumed, group, job},
			"jobs", aJob+` AND pausedBy IS ? AND pausedAt IS ? AND resumed IS ?`, group, job, by, at, resumed)
		if err != nil {
			return none, err
		}
		return *j, c.announce(group)
	})
}

// announce changes what those read who watch the jobs of a group.
func (c *conn) announce(group string) error {
	c.Announce(topic(group))
	_, err := c.Change(`INSERT INTO asked ("group", token) VALUES (?, randomblob(8)) ON CONFLICT ("group") DO UPDATE SET token = randomblob(8)`, group)
	return err
}

// topic is under which that is announced.
func topic(group string) string { return "jobs " + group }

// asked returns a text that is another one after each write of people about a group.
func (c *conn) asked(group string) (token string, err error) {
	if found, err := c.hasTables(); err != nil || !found {
		return "", err
	}
	err = c.Each(func(scan func(dest ...any) error) error { return scan(&token) },
		`SELECT hex(substr(token, 1, 8)) FROM asked WHERE "group" = ?`, group)
	return token, err
}

// Watch receives after each write of people about a group's jobs and runs. The channel is
// also closed when the file is replaced: then everything that was read may be different.
// ErrNoWatch: this system has no watches.
func (s *Store) Watch(ctx context.Context, group string) (<-chan struct{}, error) {
	ch, err := s.file.Watch(ctx, topic(group), func(c *sqlitefile.Conn) (string, error) { return (&conn{c, s}).asked(group) })
	if err != nil {
		return nil, s.named("watch", err)
	}
	return ch, nil
}
