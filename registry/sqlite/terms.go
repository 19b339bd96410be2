package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// View reads the group's latest term and its holder as of one instant.
func (r *Registry) View(ctx context.Context, group string) (registry.View, error) {
	v, err := reading(ctx, r, func(c *conn) (registry.View, error) {
		terms, err := c.terms(group, 1)
		if err != nil || len(terms) == 0 {
			return registry.View{}, err
		}
		v := registry.View{Latest: &terms[0]}
		err = c.eachInstance(func(row instanceRow) error {
			in, err := row.decode()
			if errors.Is(err, registry.ErrCorrupt) {
				beat, ok := integer(row.beat)
				if !ok {
					beat = registry.NoBeat
				}
				in, v.Damage, err = v.Latest.Remains(beat), err, nil
			}
			v.Holder = &in
			return err
		}, `WHERE id = ?`, v.Latest.Holder.String())
		return v, err
	})
	if err != nil {
		return registry.View{}, fmt.Errorf("view: %w", err)
	}
	return v, nil
}

// BeginTerm inserts an open term. ErrTermTaken, ErrTermExhausted.
func (r *Registry) BeginTerm(ctx context.Context, t registry.Term) error {
	t.Schema, t.StartedAt = registry.Schema, time.Now()
	if err := t.Check(); err != nil {
		return fmt.Errorf("begin term: %w", err)
	}
	err := r.changeTerm(ctx, registry.ErrTermTaken, func(c *conn) (int64, error) {
		return c.change(`INSERT INTO terms ("group", number, holder, host, orphanAfter, startedAt, schema)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			t.Group, t.Number, t.Holder.String(), t.Host, micros(t.OrphanAfter), now().UnixMicro(), registry.Schema)
	})
	if err != nil {
		return fmt.Errorf("begin term: %w", err)
	}
	return nil
}

// EndTerm ends a term if it is open and held by holder.
func (r *Registry) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	err := r.changeTerm(ctx, nil, func(c *conn) (int64, error) {
		return c.change(`UPDATE terms SET endedAt = ?, reason = ?, exitCode = ?
			WHERE "group" = ? AND number = ? AND holder = ? AND endedAt IS NULL`,
			now().UnixMicro(), string(end.Reason), end.ExitCode, group, number, holder.String())
	})
	if err != nil {
		return fmt.Errorf("end term: %w", err)
	}
	return nil
}

// RequestHandover asks the holder of an open term to step down. ErrNoTerm.
func (r *Registry) RequestHandover(ctx context.Context, group string, number int64, to uuid.UUID) error {
	var target any // NULL: whoever is senior
	if to != uuid.Nil {
		target = to.String()
	}
	err := r.changeTerm(ctx, registry.ErrNoTerm, func(c *conn) (int64, error) {
		return c.change(`UPDATE terms SET handoverTo = ?, handoverAt = ?
			WHERE "group" = ? AND number = ? AND endedAt IS NULL`,
			target, now().UnixMicro(), group, number)
	})
	if err != nil {
		return fmt.Errorf("request hand-over: %w", err)
	}
	return nil
}

// changeTerm changes one term. If there was nothing to change it returns
// otherwise.
func (r *Registry) changeTerm(ctx context.Context, otherwise error, f func(c *conn) (int64, error)) error {
	_, err := writing(ctx, r, ofTerms, func(c *conn) (int64, error) {
		n, err := f(c)
		if err == nil && n == 0 {
			err = otherwise
		}
		return n, err
	})
	return err
}

// Terms returns up to n terms of a group, the latest first.
func (r *Registry) Terms(ctx context.Context, group string, n int) ([]registry.Term, error) {
	list, err := reading(ctx, r, func(c *conn) ([]registry.Term, error) {
		return c.terms(group, max(n, 0))
	})
	if err != nil {
		return nil, fmt.Errorf("terms: %w", err)
	}
	return list, nil
}

func (c *conn) terms(group string, n int) ([]registry.Term, error) {
	var list []registry.Term
	err := c.each(func(scan func(dest ...any) error) error {
		var row termRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		t, err := row.decode()
		list = append(list, t)
		return err
	}, `SELECT `+termColumns+` FROM terms WHERE "group" = ? ORDER BY number DESC LIMIT ?`, group, n)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Groups implements [registry.Admin].
func (r *Registry) Groups(ctx context.Context) ([]string, error) {
	var bad error
	list, err := reading(ctx, r, func(c *conn) ([]string, error) {
		var list []string
		bad = nil
		err := c.each(func(scan func(dest ...any) error) error {
			var name any
			if err := scan(&name); err != nil {
				return err
			}
			group, _ := text(name)
			if err := registry.CheckGroup(group); err != nil {
				bad = fmt.Errorf("%w: %w", registry.ErrCorrupt, err)
				return nil
			}
			list = append(list, group)
			return nil
		}, `SELECT "group" FROM instances UNION SELECT "group" FROM terms`)
		slices.Sort(list)
		return list, err
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return list, fmt.Errorf("groups: %w", err)
	}
	return list, nil
}

// Info describes the file.
func (r *Registry) Info(ctx context.Context) (registry.Info, error) {
	info, err := reading(ctx, r, func(c *conn) (registry.Info, error) {
		info := registry.Info{Backend: "sqlite", Topology: "the file " + r.path() + " on this machine", Schema: registry.Schema}
		return info, c.scan("SELECT sqlite_version()", &info.Version)
	})
	if err != nil {
		return registry.Info{}, fmt.Errorf("info: %w", err)
	}
	info.At = now()
	return info, nil
}
