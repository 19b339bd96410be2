package sqlitestore

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/sqlitefile"
)

// tables declares columns without types, so that SQLite converts nothing: what is read is
// what was stored, even if it is garbage. The large columns of a run come last, so that the
// others are read without them. A record of which nobody can say whether it is open counts
// as open.
const tables = `
CREATE TABLE IF NOT EXISTS jobs (
	"group", name, mark, hash, since, digest, term, revision, schedule, zone, description, next, gone,
	pausedBy, pausedWhy, pausedAt, resumed, schema,
	PRIMARY KEY ("group", name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
	"group", job, run, "trigger", slot, at, due, priority, "by", payload, parent, state, open,
	term, instance, attempt, nonce, failures, interruptions, retriedBy, percent, progress, progressAt,
	remark, endedAt, cancelBy, cancelWhy, cancelAt, schema, bytes, attempts, result, head, tail,
	PRIMARY KEY ("group", job, run)
);
CREATE INDEX IF NOT EXISTS runsByTime ON runs ("group", at, job, run);
CREATE INDEX IF NOT EXISTS runsByJob ON runs ("group", job, at, run);
CREATE INDEX IF NOT EXISTS runsByState ON runs ("group", state, at, job, run);
CREATE INDEX IF NOT EXISTS runsByJobAndState ON runs ("group", job, state, at, run);
CREATE INDEX IF NOT EXISTS runsOpen ON runs ("group", term, job, run) WHERE open IS NOT 0 AND state IS NOT 'waiting';
CREATE INDEX IF NOT EXISTS runsWaiting ON runs ("group", priority DESC, due, job, run) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS runsRetrying ON runs ("group", state, attempt, job, run) WHERE state = 'waiting' AND attempt > 0;
CREATE INDEX IF NOT EXISTS runsDue ON runs ("group", due, job) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS blobs (
	"group", job, run, kind, term, attempt, data,
	PRIMARY KEY ("group", job, run, kind)
);
CREATE TABLE IF NOT EXISTS chunks (
	"group", job, run, attempt, n, "offset", data,
	PRIMARY KEY ("group", job, run, attempt, n)
);
CREATE TABLE IF NOT EXISTS asked ("group", token, PRIMARY KEY ("group")) WITHOUT ROWID;
`

// ourTables are the names of the tables.
var ourTables = []string{"jobs", "runs", "blobs", "chunks", "asked"}

// makeTables makes what is missing of the tables. The file may be replaced at any time.
func (c *conn) makeTables() error {
	if c.s.made.Load() == c.Generation() {
		return nil
	}
	generation := c.Generation()
	c.OnCommit(func() { c.s.made.Store(generation) })
	return c.Exec(tables)
}

// hasTables reports whether the tables are there.
func (c *conn) hasTables() (bool, error) {
	if c.s.found.Load() == c.Generation() {
		return true, nil
	}
	var n int
	if err := c.Scan(`SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('`+strings.Join(ourTables, "', '")+`')`, &n); err != nil || n < len(ourTables) {
		return false, err
	}
	c.s.found.Store(c.Generation())
	return true, nil
}

// exists reports whether there is a record that a condition selects.
func (c *conn) exists(table, where string, args ...any) (found bool, err error) {
	err = c.Each(func(func(dest ...any) error) error {
		found = true
		return nil
	}, `SELECT 1 FROM `+table+` `+where+` LIMIT 1`, args...)
	return found, err
}

// insist returns ErrRefused if a record that a condition selects is not there after a
// change although it was wanted, or is there although it was not. SQLite reports a change
// as made even if a trigger of another program ignored it or took it back.
func (c *conn) insist(want bool, table, where string, args ...any) error {
	if found, err := c.exists(table, where, args...); err != nil || found == want {
		return err
	}
	return fmt.Errorf("%w: the table %s did not take a change: %s", sqlitefile.ErrRefused, table, c.foreign())
}

// refusal adds ErrRefused, and what another program has added to the tables, to an error of
// a statement: all statements are right for our own tables. If one of these was dropped, the
// next write makes it again. One that lacks a column is never changed: who made it is not
// known.
func (c *conn) refusal(err error) error {
	if !sqlitefile.IsConstraint(err) {
		return err
	}
	c.s.made.Store(0)
	c.s.found.Store(0)
	return fmt.Errorf("%w: %w: %s", sqlitefile.ErrRefused, err, c.foreign())
}

// foreign names what another program has added to the tables, with advice.
func (c *conn) foreign() string {
	return c.Foreign(ourTables, func(index string) bool {
		return strings.Contains(tables, "INDEX IF NOT EXISTS "+index+" ON")
	})
}

// change runs a statement and then insists on a record that it must have made or left.
func (c *conn) change(statement string, args []any, table, where string, whereArgs ...any) error {
	if _, err := c.Change(statement, args...); err != nil {
		return err
	}
	return c.insist(true, table, where, whereArgs...)
}
