package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/understudy-go/understudy/registry"
)

// Candidate returns the senior live candidate of a group. ErrNoCandidate: there is none.
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

// Claimant returns the instance that claims the highest term. ErrNoClaimant: there is
// none.
func (r *Registry) Claimant(ctx context.Context, group string, above int64) (registry.Instance, error) {
	in, err := r.first(ctx, registry.ErrNoClaimant, func(in registry.Instance) bool { return in.Term > above },
		ofGroup+` AND typeof(term) = 'integer' AND term > ? AND `+isSoundInstance+` ORDER BY term DESC`, group, above)
	if err != nil {
		return registry.Instance{}, fmt.Errorf("claimant: %w", err)
	}
	return in, nil
}

// first returns the first instance of a query that is wanted. It skips those that
// cannot be read, and returns the error none if no instance is left.
func (r *Registry) first(ctx context.Context, none error, wanted func(registry.Instance) bool, where string, args ...any) (registry.Instance, error) {
	found := errors.New("found")
	return reading(ctx, r, func(c *conn) (registry.Instance, error) {
		var first registry.Instance
		err := c.eachInstance(func(row instanceRow) error {
			in, err := row.decode()
			if err != nil || !wanted(in) {
				return nil
			}
			first = in
			return found
		}, where, args...)
		switch {
		case errors.Is(err, found):
			return first, nil
		case err == nil:
			err = none
		}
		return first, err
	})
}

// Silent returns the instances of a group whose heartbeat is far from the given time.
// With ErrCorrupt or ErrSchema the instances are returned anyway, and there are
// others that cannot be read.
func (r *Registry) Silent(ctx context.Context, group string, at time.Time, within time.Duration) ([]registry.Instance, error) {
	// The condition is negated, so that a heartbeat that is not a number is not skipped. The
	// limit is no parameter, because SQLite would prepare the statement anew for each value.
	limit := strconv.Itoa(registry.MaxSilent)
	found, err := reading(ctx, r, func(c *conn) (records[registry.Instance], error) {
		return c.readable(ofGroup+` AND id IN (SELECT id FROM instances `+ofGroup+`
			AND NOT (typeof(heartbeat) = 'integer' AND heartbeat BETWEEN ? AND ?) ORDER BY `+isSoundInstance+` DESC, heartbeat, id LIMIT `+limit+`)
			ORDER BY heartbeat, id`,
			group, group, at.Add(-within).UnixMicro(), at.Add(within).UnixMicro())
	})
	if err == nil {
		err = found.unreadable
	}
	if err != nil {
		err = fmt.Errorf("silent: %w", err)
	}
	return found.list, err
}
