package sqlite

import (
	"fmt"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/understudy-go/understudy/registry"
)

// Conditions that select records. They compare bytes, whatever collation an
// outsider may have given a column.
const (
	anInstance = `WHERE id = ? COLLATE BINARY`
	ofGroup    = `WHERE "group" = ? COLLATE BINARY`
	aTerm      = ofGroup + ` AND number = ?`
	anOpenTerm = aTerm + ` AND endedAt IS NULL`
)

// table is where a condition's records are.
func table(where string) string {
	if strings.HasPrefix(where, anInstance) {
		return "instances"
	}
	return "terms"
}

// exists reports whether there is a record that a condition selects.
func (c *conn) exists(where string, args ...any) (found bool, err error) {
	err = c.each(func(func(dest ...any) error) error {
		found = true
		return nil
	}, `SELECT 1 FROM `+table(where)+` `+where, args...)
	return found, err
}

// refusal tells an error that is a rule of the file's, a foreign one if it is not
// a fault of ours.
func (c *conn) refusal(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH:
		return fmt.Errorf("%w: %w: %s", registry.ErrRefused, err, c.foreign())
	}
	return err
}

// insist returns ErrRefused if a record that a condition selects is not there
// after a change, or is, against want. SQLite reports a change as made that a
// trigger of an outsider ignored or took back.
func (c *conn) insist(want bool, where string, args ...any) error {
	if found, err := c.exists(where, args...); err != nil || found == want {
		return err
	}
	return fmt.Errorf("%w: the table %s did not take a change: %s", registry.ErrRefused, table(where), c.foreign())
}

// foreign names what an outsider has added to the tables, with advice.
func (c *conn) foreign() string {
	var found []string
	err := c.each(func(scan func(dest ...any) error) error {
		var kind, name, table string
		err := scan(&kind, &name, &table)
		found = append(found, fmt.Sprintf("the %s %q of %s", kind, name, table))
		return err
	}, `SELECT type, substr(name, 1, 64), lower(tbl_name) FROM sqlite_schema WHERE lower(tbl_name) IN ('instances', 'terms')
		AND (type IN ('trigger', 'view') OR type = 'index' AND sql IS NOT NULL AND name <> 'seniority') ORDER BY type, name LIMIT 8`)
	if err != nil || len(found) == 0 {
		return "see how its tables are defined"
	}
	return "remove what another has added: " + strings.Join(found, ", ")
}
