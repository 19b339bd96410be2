package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Instances returns the instances of a group in order of their UUIDs, and the
// machine's time. ErrCorrupt, ErrSchema: as for Silent.
func (r *Registry) Instances(ctx context.Context, group string) ([]registry.Instance, time.Time, error) {
	list, err := r.readable(ctx, ofGroup+` ORDER BY id`, group)
	if err != nil {
		err = fmt.Errorf("instances: %w", err)
	}
	return list, now(), err
}

// readable reads the instances that a condition selects. With ErrCorrupt and
// ErrSchema there are some beside them that cannot be read.
func (r *Registry) readable(ctx context.Context, where string, args ...any) ([]registry.Instance, error) {
	type found struct {
		list []registry.Instance
		bad  error
	}
	f, err := reading(ctx, r, func(c *conn) (f found, err error) {
		err = c.eachInstance(func(row instanceRow) error {
			if in, bad := row.decode(); bad != nil {
				f.bad = bad
			} else {
				f.list = append(f.list, in)
			}
			return nil
		}, where, args...)
		return f, err
	})
	if err == nil {
		err = f.bad
	}
	return f.list, err
}

// instances reads the records that a condition selects, all or none.
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

// eachInstance calls f with each record that a condition selects.
func (c *conn) eachInstance(f func(row instanceRow) error, where string, args ...any) error {
	return c.Each(func(scan func(dest ...any) error) error {
		var row instanceRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		return f(row)
	}, `SELECT `+instanceValues+` FROM instances `+where, args...)
}
