package registry

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Schema is the version of the records that this program writes, and the
// newest that it reads.
const Schema = 1

// Role is what an instance says of itself; the latest term is what counts.
type Role string

const (
	Passive Role = "passive"
	Active  Role = "active"
)

// Instance is one registration of one process.
type Instance struct {
	ID      uuid.UUID
	Group   string
	Host    string
	PID     int
	Version string

	// StartedAt and Heartbeat are instants of the registry's clock, set by the
	// registry at Register, where they may differ by its reading it twice, and, the
	// latter, at each Beat. Beat is 0 at Register.
	StartedAt time.Time
	Beat      int64
	Heartbeat time.Time

	// Status is what the last beat said.
	Status

	// Interval and OrphanAfter are what this instance promised: to beat that
	// often, and to have stopped working when it was silent for that long.
	// Zero where the record has no sensible value.
	Interval    time.Duration
	OrphanAfter time.Duration

	// Priority decides who is senior: the highest, then the oldest.
	Priority int
	// Command is a hash of what this instance would run, or empty.
	Command string
	Schema  int
}

// Status is the part of an instance's record that its owner changes by a beat.
type Status struct {
	Role      Role
	Term      int64 // the term it holds, 0 while passive
	Candidate bool  // false while it holds off
}

// Promise is what the instance promised, if that makes sense, with the smallest
// stop grace: a record does not tell it.
func (in Instance) Promise() (t Timing, ok bool) {
	t = Timing{Interval: in.Interval, OrphanAfter: in.OrphanAfter, StopGrace: MinStopGrace}
	if t.Check() != nil {
		return Timing{}, false
	}
	return t, true
}

// Live reports whether the instance beat around the given time of the registry:
// no further from it than within, or than three of the intervals that it promised.
// A heartbeat that lies further ahead is as dead as one that lies behind: the
// registry's clock was set back since.
func (in Instance) Live(at time.Time, within time.Duration) bool {
	if t, ok := in.Promise(); ok {
		within = max(within, 3*t.Interval)
	}
	return at.Sub(in.Heartbeat).Abs() <= within
}

// Check reports the first thing that makes the record unusable, as ErrSchema or
// ErrCorrupt. Backends call it on all that they read.
func (in Instance) Check() error {
	corrupt := func(field string, value any, want string) error {
		return fmt.Errorf("%w: instance %s: %s is %v, want %s", ErrCorrupt, in.ID, field, value, want)
	}
	switch {
	case in.Schema > Schema:
		return fmt.Errorf("%w: instance %s has schema %d, this program knows up to %d: upgrade it", ErrSchema, in.ID, in.Schema, Schema)
	case in.Schema < 1:
		return corrupt("schema", in.Schema, "1 or more")
	case in.ID == uuid.Nil:
		return corrupt("_id", in.ID, "a UUID")
	case CheckGroup(in.Group) != nil:
		return corrupt("group", fmt.Sprintf("%.64q", in.Group), "a group's name")
	case in.Beat < 0:
		return corrupt("beat", in.Beat, "0 or more")
	case in.Heartbeat.IsZero():
		return corrupt("heartbeat", "missing", "a date")
	}
	return nil
}

// CheckGroup says what is wrong with the name of a group, or nil.
func CheckGroup(name string) error {
	const want = "want 1 to 100 letters, digits and . _ - / : @"
	if name == "" || len(name) > 100 {
		return fmt.Errorf("group name of %d bytes: %s", len(name), want)
	}
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '_', c == '-', c == '/', c == ':', c == '@':
		default:
			return fmt.Errorf("group name %q has %q in it: %s", name, c, want)
		}
	}
	return nil
}
