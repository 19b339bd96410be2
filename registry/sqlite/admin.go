package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/registry"
)

// Instances returns the instances of a group in order of their UUIDs, and the
// registry's time. With ErrCorrupt or ErrSchema the instances are returned all the
// same, and there are others that cannot be read. The time is zero if the file itself
// cannot be read.
func (r *Registry) Instances(ctx context.Context, group string) ([]registry.Instance, time.Time, error) {
	found, err := reading(ctx, r, func(c *conn) (records[registry.Instance], error) {
		return c.readable(ofGroup+` ORDER BY id`, group)
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("instances: %w", err)
	}
	if found.unreadable != nil {
		err = fmt.Errorf("instances: %w", found.unreadable)
	}
	return found.list, now(), err
}

// Terms returns up to n terms of a group, the latest first. With ErrCorrupt or
// ErrSchema the terms are returned anyway, and there are others that cannot be
// read.
func (r *Registry) Terms(ctx context.Context, group string, n int) ([]registry.Term, error) {
	found, err := reading(ctx, r, func(c *conn) (found records[registry.Term], err error) {
		add := func(row termRow) error {
			found.add(row.decode())
			return nil
		}
		err = c.eachTerm(add, ofGroup+` AND `+isSoundTerm+` ORDER BY number DESC LIMIT ?`, group, max(n, 0))
		if err != nil || n <= 0 {
			return found, err
		}
		// One that cannot be read counts if it is among the latest n.
		least := int64(math.MinInt64)
		if len(found.list) == n {
			least = found.list[n-1].Number
		}
		err = c.eachTerm(add, ofGroup+` AND number >= ? AND NOT `+isSoundTerm+` LIMIT 1`, group, least)
		return found, err
	})
	if err == nil {
		err = found.unreadable
	}
	if err != nil {
		err = fmt.Errorf("terms: %w", err)
	}
	return found.list, err
}

// RequestHandover asks the holder of an open term to step down. ErrNoTerm: the term is
// not open.
func (r *Registry) RequestHandover(ctx context.Context, group string, number int64, to uuid.UUID) error {
	var target any // NULL: the senior candidate
	if to != uuid.Nil {
		target = to.String()
	}
	err := r.changeTerm(ctx, group, func(c *conn) error {
		if found, err := c.exists(anOpenTerm, group, number); err != nil || !found {
			return cmp.Or(err, registry.ErrNoTerm)
		}
		at := now().UnixMicro()
		if _, err := c.Change(`UPDATE terms SET handoverTo = ?, handoverAt = ? `+anOpenTerm, target, at, group, number); err != nil {
			return err
		}
		return c.insist(true, anOpenTerm+` AND handoverTo IS ? AND handoverAt = ?`, group, number, target, at)
	})
	if err != nil {
		return fmt.Errorf("request hand-over: %w", err)
	}
	return nil
}

// Groups returns the names of all groups. With ErrCorrupt they are returned all the
// same, and there is a name that cannot be that of a group.
func (r *Registry) Groups(ctx context.Context) ([]string, error) {
	found, err := reading(ctx, r, func(c *conn) (found records[string], err error) {
		err = c.Each(func(scan func(dest ...any) error) error {
			var name any
			if err := scan(&name); err != nil {
				return err
			}
			group, _ := sqlitefields.Text(name)
			err := registry.CheckGroup(group)
			if err != nil {
				err = fmt.Errorf("%w: %w", registry.ErrCorrupt, err)
			}
			found.add(group, err)
			return nil
		}, `SELECT `+bounded(`"group"`)+` AS name FROM instances UNION SELECT `+bounded(`"group"`)+` FROM terms`)
		slices.Sort(found.list)
		return found, err
	})
	if err == nil {
		err = found.unreadable
	}
	if err != nil {
		err = fmt.Errorf("groups: %w", err)
	}
	return found.list, err
}

// Info describes the file.
func (r *Registry) Info(ctx context.Context) (registry.Info, error) {
	info, err := reading(ctx, r, func(c *conn) (registry.Info, error) {
		info := registry.Info{Backend: "sqlite", Topology: "the file " + r.file.Path() + " on this machine", Schema: registry.Schema}
		err := c.Scan("SELECT sqlite_version()", &info.Version)
		return info, err
	})
	if err != nil {
		return registry.Info{}, fmt.Errorf("info: %w", err)
	}
	info.At = now()
	return info, nil
}
