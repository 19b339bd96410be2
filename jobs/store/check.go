package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/understudy-go/understudy/registry"
)

// Schema is the version of the records that this program writes, and the newest one that
// it reads.
const Schema = 1

// Check returns the first thing that makes the record unusable, as registry.ErrSchema or
// registry.ErrCorrupt. Backends call it for every record that they read or write.
func (r Run) Check() error {
	corrupt := func(field string, value any, want string) error {
		return fmt.Errorf("%w: run %.200q of group %.64q: %s is %v, want %s", registry.ErrCorrupt, r.Key.String(), r.Group, field, value, want)
	}
	switch {
	case r.Schema > Schema:
		return fmt.Errorf("%w: run %.200q of group %.64q has schema %d, this program knows up to %d: upgrade it", registry.ErrSchema, r.Key.String(), r.Group, r.Schema, Schema)
	case r.Schema < 1:
		return corrupt("schema", r.Schema, "1 or more")
	case r.Key.Check() != nil:
		return fmt.Errorf("%w: %w", registry.ErrCorrupt, r.Key.Check())
	case !slices.Contains(States, r.State):
		return corrupt("state", fmt.Sprintf("%.64q", r.State), "one of the states")
	case !r.Open && !r.State.Ended():
		return corrupt("open", r.Open, "true until the run has ended")
	case r.At.IsZero():
		return corrupt("at", "missing", "a date")
	case r.Due.IsZero() && r.State == Waiting:
		return corrupt("due", "missing", "a date")
	case r.EndedAt.IsZero() && r.State.Ended():
		return corrupt("endedAt", "missing", "a date")
	case r.Term < 0:
		return corrupt("term", r.Term, "0 or more")
	case r.Term < 1 && r.State == Processing:
		return corrupt("term", r.Term, "that of a holder")
	case r.Attempt < 0:
		return corrupt("attempt", r.Attempt, "0 or more")
	case r.Attempt < 1 && r.State == Processing:
		return corrupt("attempt", r.Attempt, "1 or more")
	case r.Failures < 0:
		return corrupt("failures", r.Failures, "0 or more")
	case r.Interruptions < 0:
		return corrupt("interruptions", r.Interruptions, "0 or more")
	}
	return nil
}

// Check returns the first thing that makes the record unusable, as registry.ErrSchema or
// registry.ErrCorrupt. Backends call it for every record that they read or write.
func (j Job) Check() error {
	corrupt := func(field string, value any, want string) error {
		return fmt.Errorf("%w: job %.64q of group %.64q: %s is %v, want %s", registry.ErrCorrupt, j.Name, j.Group, field, value, want)
	}
	switch {
	case j.Schema > Schema:
		return fmt.Errorf("%w: job %.64q of group %.64q has schema %d, this program knows up to %d: upgrade it", registry.ErrSchema, j.Name, j.Group, j.Schema, Schema)
	case j.Schema < 1:
		return corrupt("schema", j.Schema, "1 or more")
	case registry.CheckGroup(j.Group) != nil:
		return fmt.Errorf("%w: %w", registry.ErrCorrupt, registry.CheckGroup(j.Group))
	case CheckJob(j.Name) != nil:
		return fmt.Errorf("%w: %w", registry.ErrCorrupt, CheckJob(j.Name))
	case j.Term < 1:
		return corrupt("term", j.Term, "that of a holder")
	case j.Revision < 1 || j.Revision > MaxRevision:
		return corrupt("revision", j.Revision, fmt.Sprintf("1 to %d", int64(MaxRevision)))
	}
	return nil
}

// Instant returns an instant as it is stored: in milliseconds, and UTC. What is later than
// the year 9999, or not later than 1970, is not stored, and becomes zero.
func Instant(t time.Time) time.Time {
	ms := t.UnixMilli()
	if ms <= 0 || ms >= LatestInstant {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// LatestInstant is the end of the year 9999, in milliseconds since 1970.
const LatestInstant = 253402300800e3
