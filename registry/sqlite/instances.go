package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Register creates the record of in.ID. ErrRegistered.
func (r *Registry) Register(ctx context.Context, in registry.Instance) (time.Time, error) {
	in.Schema, in.Beat, in.Heartbeat = registry.Schema, 0, time.Now()
	if err := in.Check(); err != nil {
		return time.Time{}, fmt.Errorf("register: %w", err)
	}
	at, err := writing(ctx, r, ofInstances, func(c *conn) (time.Time, error) {
		if found, err := c.exists(anInstance, in.ID.String()); err != nil || found {
			return time.Time{}, cmp.Or(err, registry.ErrRegistered)
		}
		at := now()
		_, err := c.change(`INSERT INTO instances (`+instanceColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			in.ID.String(), in.Group, in.Host, in.PID, in.Version, at.UnixMicro(), at.UnixMicro(),
			string(in.Role), in.Term, flag(in.Candidate),
			micros(in.Interval), micros(in.OrphanAfter), in.Priority, in.Command, registry.Schema)
		if err == nil {
			err = c.insist(true, anInstance+` AND beat = 0 AND heartbeat = ?`, in.ID.String(), at.UnixMicro())
		}
		c.committed = func() { r.homes[in.ID] = r.generation }
		return at, err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("register: %w", err)
	}
	return at, nil
}

// Beat counts the beat of id up. ErrNotRegistered: there is no record, or it was
// registered in a file that is no longer the one at the path.
func (r *Registry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (time.Time, error) {
	at, err := writing(ctx, r, ofInstances, func(c *conn) (time.Time, error) {
		if home, seen := r.homes[id]; seen && home != r.generation {
			return time.Time{}, fmt.Errorf("%w: %v", registry.ErrNotRegistered, errReplaced)
		}
		at := now()
		before, err := r.beatOf(c, id)
		if err != nil {
			return at, err
		}
		_, err = c.change(`UPDATE instances SET beat = ?, heartbeat = ?, role = ?, term = ?, candidate = ? `+anInstance,
			before+1, at.UnixMicro(), string(s.Role), s.Term, flag(s.Candidate), id.String())
		if err != nil {
			return at, err
		}
		if err := c.insist(true, anInstance+` AND beat = ? AND heartbeat = ?`, id.String(), before+1, at.UnixMicro()); err != nil {
			return at, err
		}
		r.homes[id] = r.generation
		return at, nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("beat: %w", err)
	}
	return at, nil
}

// beatOf returns the beat of id, if it can be counted up.
func (r *Registry) beatOf(c *conn, id uuid.UUID) (beat int64, err error) {
	found := false
	err = c.each(func(scan func(dest ...any) error) error {
		found = true
		return scan(&beat)
	}, `SELECT beat FROM instances `+anInstance+` AND typeof(beat) = 'integer' AND beat BETWEEN 0 AND ?
		AND typeof(schema) = 'integer' AND schema BETWEEN 1 AND ?`, id.String(), int64(math.MaxInt64-1), registry.Schema)
	if err != nil || found {
		return beat, err
	}
	list, err := c.instances(anInstance, id.String())
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		delete(r.homes, id)
		return 0, registry.ErrNotRegistered
	}
	return 0, fmt.Errorf("%w: instance %v: beat is %d, want less", registry.ErrCorrupt, id, list[0].Beat)
}

// Unregister deletes the record of id, if there is one.
func (r *Registry) Unregister(ctx context.Context, id uuid.UUID) error {
	_, err := writing(ctx, r, ofInstances, func(c *conn) (int64, error) {
		delete(r.homes, id)
		return c.remove(anInstance, id.String())
	})
	if err != nil {
		return fmt.Errorf("unregister: %w", err)
	}
	return nil
}

// DeleteOrphan deletes the record of id if its beat is still the given one.
func (r *Registry) DeleteOrphan(ctx context.Context, id uuid.UUID, beat int64) (bool, error) {
	n, err := writing(ctx, r, ofInstances, func(c *conn) (int64, error) {
		if beat == registry.NoBeat {
			return c.remove(anInstance+` AND (typeof(beat) <> 'integer' OR beat < 0)`, id.String())
		}
		return c.remove(anInstance+` AND beat = ?`, id.String(), beat)
	})
	if err != nil {
		return false, fmt.Errorf("delete orphan: %w", err)
	}
	return n > 0, nil
}

// remove deletes the instance that a condition selects, and reports how many it
// were.
func (c *conn) remove(where string, args ...any) (int64, error) {
	n, err := c.change(`DELETE FROM instances `+where, args...)
	if err == nil {
		err = c.insist(false, where, args...)
	}
	return n, err
}

// Candidate returns the senior live candidate of a group. ErrNoCandidate.
func (r *Registry) Candidate(ctx context.Context, group string, at time.Time, within time.Duration, except ...uuid.UUID) (registry.Instance, error) {
	excepted, err := json.Marshal(append([]uuid.UUID{}, except...))
	if err != nil {
		return registry.Instance{}, fmt.Errorf("candidate: %w", err)
	}
	in, err := r.first(ctx, registry.ErrNoCandidate, func(in registry.Instance) bool { return in.Candidate && in.Live(at, within) },
		ofGroup+` AND candidate = 1 AND typeof(heartbeat) = 'integer'
		AND abs(heartbeat - ?) <= max(?, iif(typeof(interval) = 'integer' AND interval BETWEEN 1 AND ?, 3 * interval, 0))
		AND `+isSoundInstance+` AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY priority DESC, id`,
		group, at.UnixMicro(), micros(within)+1, micros(registry.MaxInterval), string(excepted))
	if err != nil {
		return registry.Instance{}, fmt.Errorf("candidate: %w", err)
	}
	return in, nil
}

// Claimant returns the instance that claims the highest term. ErrNoClaimant.
func (r *Registry) Claimant(ctx context.Context, group string, above int64) (registry.Instance, error) {
	in, err := r.first(ctx, registry.ErrNoClaimant, func(in registry.Instance) bool { return in.Term > above },
		ofGroup+` AND typeof(term) = 'integer' AND term > ? AND `+isSoundInstance+` ORDER BY term DESC`, group, above)
	if err != nil {
		return registry.Instance{}, fmt.Errorf("claimant: %w", err)
	}
	return in, nil
}

// first returns the first instance of a query that is wanted, passing over what
// cannot be read, or the error none.
func (r *Registry) first(ctx context.Context, none error, wanted func(registry.Instance) bool, where string, args ...any) (registry.Instance, error) {
	enough := errors.New("enough")
	return reading(ctx, r, func(c *conn) (registry.Instance, error) {
		var found registry.Instance
		err := c.eachInstance(func(row instanceRow) error {
			in, err := row.decode()
			if err != nil || !wanted(in) {
				return nil
			}
			found = in
			return enough
		}, where, args...)
		switch {
		case errors.Is(err, enough):
			return found, nil
		case err == nil:
			err = none
		}
		return found, err
	})
}

// Silent returns the instances of a group whose heartbeat is far from the given
// time. ErrCorrupt, ErrSchema: beside them, there are some that cannot be read.
func (r *Registry) Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]registry.Instance, error) {
	// Negated, so that a heartbeat that is no number is not passed over.
	list, err := r.readable(ctx, ofGroup+` AND id IN (SELECT id FROM instances `+ofGroup+`
		AND NOT (typeof(heartbeat) = 'integer' AND heartbeat BETWEEN ? AND ?) ORDER BY `+isSoundInstance+` DESC, heartbeat, id LIMIT ?)
		ORDER BY heartbeat, id`,
		group, group, at.Add(-within).UnixMicro(), at.Add(within).UnixMicro(), registry.MaxSilent)
	if err != nil {
		err = fmt.Errorf("silent: %w", err)
	}
	return list, err
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

// Instances returns the instances of a group in order of their UUIDs, and the
// machine's time. ErrCorrupt, ErrSchema: as for Silent.
func (r *Registry) Instances(ctx context.Context, group string) ([]registry.Instance, time.Time, error) {
	list, err := r.readable(ctx, ofGroup+` ORDER BY id`, group)
	if err != nil {
		err = fmt.Errorf("instances: %w", err)
	}
	return list, now(), err
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
	return c.each(func(scan func(dest ...any) error) error {
		var row instanceRow
		if err := scan(row.fields()...); err != nil {
			return err
		}
		return f(row)
	}, `SELECT `+instanceValues+` FROM instances `+where, args...)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
