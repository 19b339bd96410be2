package sqlite

import (
	"fmt"
	"strings"

	"github.com/understudy-go/understudy/internal/sqlitefile"
)

// The conditions that select records. They compare bytes, whatever collation another
// program may have given to a column.
const (
	anInstance = `WHERE id = ? COLLATE BINARY`
	ofGroup    = `WHERE "group" = ? COLLATE BINARY`
	aTerm      = ofGroup + ` AND number = ?`
	anOpenTerm = aTerm + ` AND endedAt IS NULL`
)

// table returns the table whose records a condition selects.
func table(where string) string {
	if strings.HasPrefix(where, anInstance) {
		return "instances"
	}
	return "terms"
}

// exists reports whether there is a record that a condition selects.
func (c *conn) exists(where string, args ...any) (found bool, err error) {
	err = c.Each(func(func(dest ...any) error) error {
		found = true
		return nil
	}, `SELECT 1 FROM `+table(where)+` `+where, args...)
	return found, err
}

// insist returns ErrRefused if a record that a condition selects is not there after a
// change although it was wanted, or is there although it was not. SQLite reports a
// change as made even if a trigger of another program ignored it or took it back.
func (c *conn) insist(want bool, where string, args ...any) error {
	if found, err := c.exists(where, args...); err != nil || found == want {
		return err
	}
	return fmt.Errorf("%w: the table %s did not take a change: %s", sqlitefile.ErrRefused, table(where), c.foreign())
}

// refusal adds ErrRefused, and what another program has added to the tables, to an
// error of a statement: all statements are right for our own tables.
func (c *conn) refusal(err error) error {
	if !sqlitefile.IsConstraint(err) {
		return err
	}
	return fmt.Errorf("%w: %w: %s", sqlitefile.ErrRefused, err, c.foreign())
}

// foreign names what another program has added to the tables, with advice.
func (c *conn) foreign() string {
	return c.Foreign([]string{"instances", "terms"}, func(index string) bool { return index == "seniority" })
}
