package sqlitestore

import (
	"fmt"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/registry"
)

// The conditions that select records.
const (
	aJob           = `WHERE "group" = ? AND name = ?`
	aRun           = `WHERE "group" = ? AND job = ? AND run = ?`
	waitingOfGroup = `WHERE "group" = ? AND state = 'waiting'`
)

func keyArgs(k store.Key) []any { return []any{k.Group, k.Job, k.Run} }

// eachRun calls f with each run that a condition selects, decoded or with the error that
// says why it cannot be.
func (c *conn) eachRun(f func(run store.Run, bad error) error, values, where string, args ...any) error {
	return c.each(func(scan func(dest ...any) error) error {
		var row runRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		return f(row.decode())
	}, `SELECT `+values+` FROM runs `+where, args...)
}

// some reads up to limit runs of those that a condition selects. Those that cannot be
// understood do not count.
func (c *conn) some(found *records[store.Run], limit int, values, where string, args ...any) error {
	if limit <= 0 {
		return nil
	}
	least := len(found.list) + limit
	return c.eachRun(func(run store.Run, bad error) error {
		if err := found.add(run, bad); err != nil || len(found.list) < least {
			return err
		}
		return errEnough
	}, values, where, args...)
}

// run returns a run, or nil if there is none.
func (c *conn) run(k store.Key) (found *store.Run, err error) {
	err = c.eachRun(func(run store.Run, bad error) error {
		found = &run
		return bad
	}, wholeRun, aRun, keyArgs(k)...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// mustRun returns a run, or ErrNoRun.
func (c *conn) mustRun(k store.Key) (store.Run, error) {
	run, err := c.run(k)
	switch {
	case err != nil:
		return store.Run{}, err
	case run == nil:
		return store.Run{}, noRun(k)
	}
	return *run, nil
}

func noRun(k store.Key) error { return fmt.Errorf("%.700q: %w", k.String(), store.ErrNoRun) }

// job returns a job, or nil if there is none.
func (c *conn) job(group, name string) (found *store.Job, err error) {
	err = c.eachJob(func(j store.Job, bad error) error {
		found = &j
		return bad
	}, aJob, group, name)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// jobs reads the jobs of a group.
func (c *conn) jobs(found *records[store.Job], group string) error {
	return c.eachJob(func(j store.Job, bad error) error {
		if len(found.list) == store.MaxJobs {
			return fmt.Errorf("%w: group %.64q has more than %d jobs", registry.ErrRefused, group, store.MaxJobs)
		}
		return found.add(j, bad)
	}, `WHERE "group" = ? ORDER BY name`, group)
}

func (c *conn) eachJob(f func(j store.Job, bad error) error, where string, args ...any) error {
	return c.each(func(scan func(dest ...any) error) error {
		var row jobRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		return f(row.decode())
	}, `SELECT `+wholeJob+` FROM jobs `+where, args...)
}
