package registry

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Schema is the version of the records that this program writes, and the newest one that
// it reads.
const Schema = 1

// Role is what an instance says of itself. It is for people: the latest term decides.
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

	// StartedAt and Heartbeat are instants of the registry's clock. Register sets both;
	// they may differ slightly, if the registry reads its clock twice. Each Beat sets
	// Heartbeat. Beat is 0 after Register.
	StartedAt time.Time
	Beat      int64
	Heartbeat time.Time

	// Status is that of the last beat.
	Status

	// Listen is the mark that the holder of a term has set, see [Registry.Mark]; 0: none.
	Listen int64

	// Interval and OrphanAfter are what this instance promised: to beat that often, and
	// to have stopped its work when it was silent for that long. They are zero if the
	// record has no sensible value.
	Interval    time.Duration
	OrphanAfter time.Duration

	// Priority decides who is senior: the instance of the highest priority, and among
	// those the oldest.
	Priority int
	// Command is a hash of the command that this instance would run; empty if it has none.
	Command string
	Schema  int
}

// Status is the part of an instance's record that its owner sets with each beat.
type Status struct {
	Role      Role
	Term      int64 // the term that it holds; 0 while it is passive
	Candidate bool  // false while it holds off, or while it is active and steps down
}

// Promise returns what the instance promised, and whether that makes sense. The stop
// grace is the smallest, because a record does not contain it.
func (in Instance) Promise() (t Timing, ok bool) {
	t = Timing{Interval: in.Interval, OrphanAfter: in.OrphanAfter, StopGrace: MinStopGrace}
	if t.Check() != nil {
		return Timing{}, false
	}
	return t, true
}

// Live reports whether the heartbeat differs from the given time of the registry by no
// more than within, or than three of the intervals that the instance promised. An
// instance whose heartbeat is further ahead is as dead as one whose heartbeat is behind:
// the registry's clock was set back since.
func (in Instance) Live(at time.Time, within time.Duration) bool {
	if t, ok := in.Promise(); ok {
		within = max(within, 3*t.Interval)
	}
	return at.Sub(in.Heartbeat).Abs() <= within
}

// Check returns the first thing that makes the record unusable, as ErrSchema or
// ErrCorrupt. Backends call it for every record that they read.
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
