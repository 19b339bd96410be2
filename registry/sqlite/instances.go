package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Register creates the record of in.ID. ErrRegistered: there is one already.
func (r *Registry) Register(ctx context.Context, in registry.Instance) (registry.Ack, error) {
	in.Schema, in.Beat, in.Heartbeat = registry.Schema, 0, time.Now()
	if err := in.Check(); err != nil {
		return registry.Ack{}, fmt.Errorf("register: %w", err)
	}
	at, err := writing(ctx, r, ofInstances, func(c *conn) (time.Time, error) {
		if found, err := c.exists(anInstance, in.ID.String()); err != nil || found {
			return time.Time{}, cmp.Or(err, registry.ErrRegistered)
		}
		at := now()
		_, err := c.Change(`INSERT INTO instances (`+instanceColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			in.ID.String(), in.Group, in.Host, in.PID, in.Version, at.UnixMicro(), at.UnixMicro(),
			string(in.Role), in.Term, flag(in.Candidate),
			micros(in.Interval), micros(in.OrphanAfter), in.Priority, in.Command, registry.Schema)
		if err == nil {
			err = c.insist(true, anInstance+` AND beat = 0 AND heartbeat = ?`, in.ID.String(), at.UnixMicro())
		}
		c.OnCommit(func() { r.homes[in.ID] = c.Generation() })
		return at, err
	})
	if err != nil {
		return registry.Ack{}, fmt.Errorf("register: %w", err)
	}
	return everybody(at), nil
}

// Beat counts the beat of id up. ErrNotRegistered: there is no record, or it was made
// in a file that is no longer the one at the path. A new file may have that record,
// too, if it is a copy: what was committed to the old one since then is lost, so the
// instance has to register again.
func (r *Registry) Beat(ctx context.Context, id uuid.UUID, s registry.Status) (registry.Ack, error) {
	type answer struct {
		at      time.Time
		prepare bool
	}
	a, err := writing(ctx, r, ofInstances, func(c *conn) (answer, error) {
		if home, seen := r.homes[id]; seen && home != c.Generation() {
			return answer{}, fmt.Errorf("%w: the file, its -wal or its -shm was removed or replaced", registry.ErrNotRegistered)
		}
		at := now()
		before, err := r.beatOf(c, id)
		if err != nil {
			return answer{}, err
		}
		_, err = c.Change(`UPDATE instances SET beat = ?, heartbeat = ?, role = ?, term = ?, candidate = ? `+anInstance,
			before+1, at.UnixMicro(), string(s.Role), s.Term, flag(s.Candidate), id.String())
		if err != nil {
			return answer{}, err
		}
		if err := c.insist(true, anInstance+` AND beat = ? AND heartbeat = ?`, id.String(), before+1, at.UnixMicro()); err != nil {
			return answer{}, err
		}
		r.homes[id] = c.Generation()
		return answer{at, r.wantsPreparation(c, before+1, s)}, nil
	})
	if err != nil {
		return registry.Ack{}, fmt.Errorf("beat: %w", err)
	}
	if a.prepare {
		r.prepareTakeover(ctx)
	}
	return everybody(a.at), nil
}

// everybody returns the answer to a beat at a time. Everybody should listen: the watch of a
// file on this machine costs next to nothing, and a process has one for all its groups.
func everybody(at time.Time) registry.Ack { return registry.Ack{At: at, Listen: registry.AnyTerm} }

// Mark changes nothing, since everybody listens, and nobody calls it therefore.
func (r *Registry) Mark(ctx context.Context, _ uuid.UUID, _ int64) error {
	_, err := writing(ctx, r, ofInstances, func(*conn) (none struct{}, err error) { return none, nil })
	if err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	return nil
}

// beatOf returns the beat of id, if it can be counted up. ErrNotRegistered: there is
// no record.
func (r *Registry) beatOf(c *conn, id uuid.UUID) (beat int64, err error) {
	found := false
	err = c.Each(func(scan func(dest ...any) error) error {
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

// DeleteOrphan deletes the record of id if its beat is still the given one, and
// reports whether it did.
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

// remove deletes the instance that a condition selects, and returns how many it
// deleted.
func (c *conn) remove(where string, args ...any) (int64, error) {
	n, err := c.Change(`DELETE FROM instances `+where, args...)
	if err == nil {
		err = c.insist(false, where, args...)
	}
	return n, err
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
