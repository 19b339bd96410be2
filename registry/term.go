package registry

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

// MaxTerm is the largest number that a term may have. It is far below the largest int64,
// so that no arithmetic on the number of a term overflows.
const MaxTerm = math.MaxInt64 / 2

// Reason says why a term ended. [Reason.Words] says it to people.
type Reason string

const (
	Stopped      Reason = "stopped"           // the holder was told to stop
	HandedOver   Reason = "handed over"       // somebody requested it
	LeaseLost    Reason = "lease lost"        // the holder did not beat in time
	Orphaned     Reason = "orphaned"          // the holder was silent, and a peer took over
	Crashed      Reason = "crashed"           // the holder was killed, and its last will says so
	Unregistered Reason = "registration gone" // the holder's record had been deleted
	WorkFailed   Reason = "work failed"       // the work failed again and again, so that a peer tries it
	NotReady     Reason = "not ready"         // the passive side of the holder did not stop, so that the work never began
	WorkDone     Reason = "work done"         // the work is done for the whole group
)

// Term is the time of one instance as the active one of its group.
type Term struct {
	Group       string
	Number      int64
	Holder      uuid.UUID
	Host        string
	OrphanAfter time.Duration // zero if the record has no sensible value
	StartedAt   time.Time     // by the registry's clock
	EndedAt     time.Time     // zero while the term is open
	End         End           // zero while the term is open
	Handover    *Handover     // the last handover request; nil if there was none
	Schema      int
}

// End is how a term ended.
type End struct {
	Reason Reason
	// ExitCode is the exit code of the work at a final exit ([WorkDone]).
	ExitCode int
	// Next is who should take over, as far as the one that ends the term knows: a hint. A
	// backend in which everybody listens need not store it.
	Next uuid.UUID
	// Silence is how long the holder had been silent when a peer deposed it ([Orphaned]),
	// on that peer's clock. It is zero if nobody knows.
	Silence time.Duration
}

// Handover is the request that the holder of a term steps down for another instance.
type Handover struct {
	To uuid.UUID // the target; uuid.Nil for the senior candidate
	At time.Time // by the registry's clock
}

// NoBeat stands for a stored beat that makes no sense. [Registry.Beat] cannot count it up,
// so it does not change.
const NoBeat = -1

// Remains returns what can be used of the holder's record if the record makes no sense:
// its beat, which the owner may still count up, or else NoBeat. All else comes from the
// term. The result promises no interval, so that peers wait for the longer one of the
// term's T and their own.
func (t Term) Remains(beat int64) Instance {
	return Instance{
		ID: t.Holder, Group: t.Group, Host: t.Host, Beat: max(beat, NoBeat), OrphanAfter: t.OrphanAfter, Schema: Schema,
		Status: Status{Role: Active, Term: t.Number, Candidate: true},
	}
}

// Open reports whether the term has not ended.
func (t Term) Open() bool { return t.EndedAt.IsZero() }

// Check returns the first thing that makes the record unusable, as ErrSchema,
// ErrTermExhausted or ErrCorrupt. Backends call it for every record that they read.
func (t Term) Check() error {
	corrupt := func(field string, value any, want string) error {
		return fmt.Errorf("%w: term %d of group %.64q: %s is %v, want %s", ErrCorrupt, t.Number, t.Group, field, value, want)
	}
	switch {
	case t.Schema > Schema:
		return fmt.Errorf("%w: term %d of group %.64q has schema %d, this program knows up to %d: upgrade it", ErrSchema, t.Number, t.Group, t.Schema, Schema)
	case t.Schema < 1:
		return corrupt("schema", t.Schema, "1 or more")
	case CheckGroup(t.Group) != nil:
		return corrupt("group", fmt.Sprintf("%.64q", t.Group), "a group's name")
	case t.Number < 1:
		return corrupt("number", t.Number, "1 or more")
	case t.Number > MaxTerm:
		return fmt.Errorf("%w: group %.64q has term %d, want at most %d", ErrTermExhausted, t.Group, t.Number, int64(MaxTerm))
	case t.Holder == uuid.Nil:
		return corrupt("holder", t.Holder, "a UUID")
	case t.StartedAt.IsZero():
		return corrupt("startedAt", "missing", "a date")
	}
	return nil
}
