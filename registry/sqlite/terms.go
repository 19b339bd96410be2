package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/internal/sqlitefields"
	"github.com/understudy-go/understudy/registry"
)

// View reads the group's latest term and, if that is open and its holder is not excepted, the
// record of the holder, both as of one instant.
func (r *Registry) View(ctx context.Context, group string, except ...uuid.UUID) (registry.View, error) {
	v, err := reading(ctx, r, func(c *conn) (registry.View, error) {
		latest, err := c.latest(group)
		if err != nil || latest == nil {
			return registry.View{}, err
		}
		v := registry.View{Latest: latest}
		if !latest.Open() || slices.Contains(except, latest.Holder) {
			return v, nil
		}
		err = c.eachInstance(func(row instanceRow) error {
			in, err := row.decode()
			if errors.Is(err, registry.ErrCorrupt) {
				beat, ok := sqlitefields.Integer(row.beat)
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

// BeginTerm inserts an open term. ErrTermTaken: the group has a term of that number.
// ErrTermExhausted: the number is too large.
func (r *Registry) BeginTerm(ctx context.Context, t registry.Term) error {
	t.Schema, t.StartedAt = registry.Schema, time.Now()
	if err := t.Check(); err != nil {
		return fmt.Errorf("begin term: %w", err)
	}
	err := r.changeTerm(ctx, t.Group, func(c *conn) error { return c.beginTerm(t) })
	if err != nil {
		return fmt.Errorf("begin term: %w", err)
	}
	return nil
}

func (c *conn) beginTerm(t registry.Term) error {
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
}

// EndTerm ends a term if it is open and held by holder.
func (r *Registry) EndTerm(ctx context.Context, group string, number int64, holder uuid.UUID, end registry.End) error {
	err := r.changeTerm(ctx, group, func(c *conn) error { return c.endTerm(group, number, holder, end) })
	if err != nil {
		return fmt.Errorf("end term: %w", err)
	}
	return nil
}

func (c *conn) endTerm(group string, number int64, holder uuid.UUID, end registry.End) error {
	var silence any // NULL: it is not known
	if end.Silence > 0 {
		silence = micros(end.Silence)
	}
	_, err := c.Change(`UPDATE terms SET endedAt = ?, reason = ?, exitCode = ?, silence = ? `+anOpenTerm+` AND holder = ?`,
		now().UnixMicro(), string(end.Reason), end.ExitCode, silence, group, number, holder.String())
	if err != nil {
		return err
	}
	return c.insist(false, anOpenTerm+` AND holder = ?`, group, number, holder.String())
}

// changeTerm runs f, which changes one term of a group, in a transaction.
func (r *Registry) changeTerm(ctx context.Context, group string, f func(c *conn) error) error {
	_, err := writing(ctx, r, ofTerms, func(c *conn) (none struct{}, err error) {
		c.Announce(topic(group))
		return none, f(c)
	})
	return err
}
