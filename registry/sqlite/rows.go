package sqlite

import (
	"cmp"

	"github.com/understudy-go/understudy/registry"
)

// records are the records of a query that can be read. If there are others that cannot
// be read, unreadable is the error of the first of them.
type records[T any] struct {
	list       []T
	unreadable error
}

// add takes what decoding a row returned.
func (r *records[T]) add(record T, err error) {
	if err != nil {
		r.unreadable = cmp.Or(r.unreadable, err)
		return
	}
	r.list = append(r.list, record)
}

// readable reads the instances that a condition selects.
func (c *conn) readable(where string, args ...any) (found records[registry.Instance], err error) {
	err = c.eachInstance(func(row instanceRow) error {
		found.add(row.decode())
		return nil
	}, where, args...)
	return found, err
}

// instances reads the instances that a condition selects. It fails if one of them
// cannot be read.
func (c *conn) instances(where string, args ...any) ([]registry.Instance, error) {
	var list []registry.Instance
	err := c.eachInstance(func(row instanceRow) error {
		in, bad := row.decode()
		list = append(list, in)
		return bad
	}, where, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

var instanceValues = bounded(instanceColumns)

// eachInstance calls f with the row of each instance that a condition selects.
func (c *conn) eachInstance(f func(row instanceRow) error, where string, args ...any) error {
	return c.Each(func(scan func(dest ...any) error) error {
		var row instanceRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		return f(row)
	}, `SELECT `+instanceValues+` FROM instances `+where, args...)
}

// latest returns the latest term of a group, or nil if it has none.
func (c *conn) latest(group string) (latest *registry.Term, err error) {
	err = c.eachTerm(func(row termRow) error {
		t, err := row.decode()
		latest = &t
		return err
	}, ofGroup+` ORDER BY number DESC LIMIT 1`, group)
	return latest, err
}

// eachTerm calls f with the row of each term that a condition selects.
func (c *conn) eachTerm(f func(row termRow) error, where string, args ...any) error {
	values, err := c.termValues()
	if err != nil {
		return err
	}
	return c.Each(func(scan func(dest ...any) error) error {
		var row termRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		return f(row)
	}, `SELECT `+values+` FROM terms `+where, args...)
}
