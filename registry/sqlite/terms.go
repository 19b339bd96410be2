package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// View reads the group's latest term and its holder as of one instant.
func (r *Registry) View(ctx context.Context, group string) (registry.View, error) {
	v, err := reading(ctx, r, func(c *conn) (registry.View, error) {
		latest, err := c.latest(group)
		if err != nil || latest == nil {
			return registry.View{}, err
		}
		v := registry.View{Latest: latest}
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
		}, anInstance, v.Latest.Holder.String())
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
	err := r.changeTerm(ctx, func(c *conn) error {
		if found, err := c.exists(aTerm, t.Group, t.Number); err != nil || found {
			return cmp.Or(err, registry.ErrTermTaken)
		}
		_, err := c.Change(`INSERT INTO terms ("group", number, holder, host, orphanAfter, startedAt, schema)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			t.Group, t.Number, t.Holder.String(), t.Host, micros(t.OrphanAfter), now().UnixMicro(), registry.Schema)
		if err != nil {
			return err
		}
		return c.insist(true, anOpenTerm+` AND holder = ?`, t.Group, t.Number, t.Holder.String())
	})
	if err != nil {
		return fmt.Errorf("begin term: %w", err)
	}
	return nil
}

// EndTerm ends a term if it is open and held by holder.
func (r *Registry) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	var silence any // NULL: nobody knows
	if end.Silence > 0 {
		silence = micros(end.Silence)
	}
	err := r.changeTerm(ctx, func(c *conn) error {
		_, err := c.Change(`UPDATE terms SET endedAt = ?, reason = ?, exitCode = ?, silence = ? `+anOpenTerm+` AND holder = ?`,
			now().UnixMicro(), string(end.Reason), end.ExitCode, silence, group, number, holder.String())
		if err != nil {
			return err
		}
		return c.insist(false, anOpenTerm+` AND holder = ?`, group, number, holder.String())
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
	err := r.changeTerm(ctx, func(c *conn) error {
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

// changeTerm changes one term.
func (r *Registry) changeTerm(ctx context.Context, f func(c *conn) error) error {
	_, err := writing(ctx, r, ofTerms, func(c *conn) (none struct{}, err error) { return none, f(c) })
	return err
}

// Terms returns up to n terms of a group, the latest first. ErrCorrupt, ErrSchema:
// beside them, there are some that cannot be read.
func (r *Registry) Terms(ctx context.Context, group string, n int) ([]registry.Term, error) {
	type found struct {
		list []registry.Term
		bad  error
	}
	f, err := reading(ctx, r, func(c *conn) (f found, err error) {
		note := func(row termRow) error {
			if t, bad := row.decode(); bad != nil {
				f.bad = cmp.Or(f.bad, bad)
			} else {
				f.list = append(f.list, t)
			}
			return nil
		}
		if err := c.eachTerm(note, ofGroup+` AND `+isSoundTerm+` ORDER BY number DESC LIMIT ?`, group, max(n, 0)); err != nil || n <= 0 {
			return f, err
		}
		least := int64(math.MinInt64)
		if len(f.list) == n {
			least = f.list[n-1].Number
		}
		return f, c.eachTerm(note, ofGroup+` AND number >= ? AND NOT `+isSoundTerm+` LIMIT 1`, group, least)
	})
	if err == nil {
		err = f.bad
	}
	if err != nil {
		err = fmt.Errorf("terms: %w", err)
	}
	return f.list, err
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

// eachTerm calls f with each record that a condition selects.
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
